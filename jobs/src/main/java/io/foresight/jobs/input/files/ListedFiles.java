package io.foresight.jobs.input.files;

import java.util.List;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.execution.datasources.FileIndex;
import org.apache.spark.sql.execution.datasources.PartitionDirectory;
import org.apache.spark.sql.types.StructType;
import scala.collection.JavaConverters;
import scala.collection.Seq;

/**
 * Files as they were listed, so that Spark need not list them again, which takes it a task for each
 * that it is given by name. They have no partitions, and no hosts that would read them best; those
 * that read text know none, either. Immutable.
 */
public final class ListedFiles implements FileIndex {

  private final List<FileStatus> files;

  public ListedFiles(List<InputFile> files) {
    this.files =
        files.stream()
            .map(f -> new FileStatus(f.length(), false, 0, 0, f.modified(), f.hadoop()))
            .toList();
  }

  @Override
  public Seq<Path> rootPaths() {
    return JavaConverters.asScalaBuffer(files.stream().map(FileStatus::getPath).toList());
  }

  @Override
  public Seq<PartitionDirectory> listFiles(Seq<Expression> ofPartitions, Seq<Expression> ofData) {
    FileStatus[] all = files.toArray(FileStatus[]::new);
    return JavaConverters.asScalaBuffer(
        List.of(PartitionDirectory.apply(InternalRow.empty(), all)));
  }

  @Override
  public String[] inputFiles() {
    return files.stream().map(f -> f.getPath().toUri().toString()).toArray(String[]::new);
  }

  @Override
  public void refresh() {
    // What was listed is what is read.
  }

  @Override
  public long sizeInBytes() {
    return files.stream().mapToLong(FileStatus::getLen).sum();
  }

  @Override
  public StructType partitionSchema() {
    return new StructType();
  }
}
