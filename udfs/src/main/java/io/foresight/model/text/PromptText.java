package io.foresight.model.text;

import java.util.BitSet;

/**
 * A text of which it is known what was written as part of a prompt and what is data, in which the
 * spelling of a special token stands for its characters alone. Immutable.
 */
public final class PromptText {

  private final String text;

  /** By index of character. */
  private final BitSet data;

  private PromptText(String text, BitSet data) {
    this.text = text;
    this.data = data;
  }

  /** Puts one together. Not thread-safe. */
  public static final class Builder {

    private final StringBuilder text = new StringBuilder();
    private final BitSet data = new BitSet();

    private Builder() {}

    /** Appends what is part of the prompt: special tokens that it spells are special tokens. */
    public Builder written(CharSequence part) {
      text.append(part);
      return this;
    }

    /** Appends data. */
    public Builder data(CharSequence value) {
      data.set(text.length(), text.length() + value.length());
      text.append(value);
      return this;
    }

    /** Appends another one. */
    public Builder append(PromptText other) {
      other.data.stream().forEach(i -> data.set(text.length() + i));
      text.append(other.text);
      return this;
    }

    /** What was appended. */
    public PromptText build() {
      return new PromptText(text.toString(), (BitSet) data.clone());
    }
  }

  /** Starts with nothing. */
  public static Builder builder() {
    return new Builder();
  }

  /** As it reads. */
  public String text() {
    return text;
  }

  /** Whether any of it is data. */
  boolean hasData() {
    return !data.isEmpty();
  }

  boolean isData(int index) {
    return data.get(index);
  }

  /** The first character of data in a range, or -1. */
  int firstData(int from, int to) {
    int first = data.nextSetBit(from);
    return first < to ? first : -1;
  }

  /** The same with another character for each of the data. */
  String withoutData(char instead) {
    StringBuilder without = new StringBuilder(text);
    data.stream().forEach(i -> without.setCharAt(i, instead));
    return without.toString();
  }
}
