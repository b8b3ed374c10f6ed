package io.foresight.jobs.input.parquet;

import io.foresight.jobs.input.parquet.ParquetFooter.DamagedException;

/**
 * A structure in Thrift's compact protocol, which a Parquet file's footer is, of which the lengths
 * are checked. The library that reads it asks for as much memory as a damaged length says.
 *
 * @see <a href="https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md">
 *     the protocol</a>
 */
public final class ThriftBytes {

  /** Levels of structures in each other; a footer has fewer. */
  private static final int DEEPEST = 32;

  private static final int BYTE = 3;
  private static final int DOUBLE = 7;
  private static final int BINARY = 8;
  private static final int LIST = 9;
  private static final int SET = 10;
  private static final int MAP = 11;
  private static final int STRUCT = 12;

  private final byte[] bytes;
  private int position;

  private ThriftBytes(byte[] bytes) {
    this.bytes = bytes;
  }

  /**
   * Checks that a structure lies in the bytes, with all that it says it has.
   *
   * @throws DamagedException if it does not
   */
  public static void requireWhole(byte[] bytes) throws DamagedException {
    new ThriftBytes(bytes).skipStruct(0);
  }

  private void skipStruct(int depth) throws DamagedException {
    if (depth > DEEPEST) {
      throw new DamagedException("its footer is no footer at byte " + position);
    }
    for (int header = next(); header != 0; header = next()) {
      if (header >>> 4 == 0) {
        // The field's number is not the next few after the last one's.
        varint();
      }
      int type = header & 0xf;
      // True and false are types of fields.
      if (type > 2) {
        skip(type, depth);
      }
    }
  }

  private void skip(int type, int depth) throws DamagedException {
    switch (type) {
      case 1, 2, BYTE -> advance(1);
      case 4, 5, 6 -> varint();
      case DOUBLE -> advance(Double.BYTES);
      case BINARY -> advance(varint());
      case LIST, SET -> skipList(depth);
      case MAP -> skipMap(depth);
      case STRUCT -> skipStruct(depth + 1);
      default -> throw new DamagedException("its footer is no footer at byte " + position);
    }
  }

  private void skipList(int depth) throws DamagedException {
    int header = next();
    long size = header >>> 4 == 0xf ? varint() : header >>> 4;
    requireRoom(size);
    for (long i = 0; i < size; i++) {
      skip(header & 0xf, depth + 1);
    }
  }

  private void skipMap(int depth) throws DamagedException {
    long size = varint();
    requireRoom(size);
    int types = size == 0 ? 0 : next();
    for (long i = 0; i < size; i++) {
      skip(types >>> 4, depth + 1);
      skip(types & 0xf, depth + 1);
    }
  }

  private int next() throws DamagedException {
    advance(1);
    return bytes[position - 1] & 0xff;
  }

  private long varint() throws DamagedException {
    long value = 0;
    int shift = 0;
    int next;
    do {
      next = next();
      value |= (long) (next & 0x7f) << shift;
      shift += 7;
    } while (next >= 0x80 && shift < Long.SIZE);
    return value;
  }

  private void advance(long count) throws DamagedException {
    requireRoom(count);
    position += (int) count;
  }

  /** Everything has at least a byte. */
  private void requireRoom(long count) throws DamagedException {
    if (count < 0 || count > bytes.length - position) {
      throw new DamagedException(
          "its footer names %d bytes or more behind byte %d of %d"
              .formatted(count, position, bytes.length));
    }
  }
}
