package io.foresight.spark.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermissions;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.permission.FsPermission;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The host's disks look as they do by Hadoop's own class. */
class LocalFilesTest {

  @TempDir java.nio.file.Path temporary;

  private final Configuration configuration = new Configuration();

  private FileSystem own() throws IOException {
    LocalFiles.use(configuration);
    FileSystem own = new Path(temporary.toUri()).getFileSystem(configuration);
    assertThat(own).isInstanceOf(LocalFiles.class);
    return own;
  }

  @ParameterizedTest
  @ValueSource(shorts = {0644, 0600, 0777, 0400, 01777})
  void permissionsAndOwnersAreHadoops(short mode) throws IOException {
    Path file = new Path(temporary.resolve("a file's name *").toUri());
    try (FSDataOutputStream out = own().create(file)) {
      out.write("text".getBytes(StandardCharsets.UTF_8));
    }
    own().setPermission(file, new FsPermission(mode));
    LocalFileSystem hadoops = FileSystem.newInstanceLocal(new Configuration());
    FileStatus expected = hadoops.getFileStatus(file);
    for (FileStatus status :
        new FileStatus[] {own().getFileStatus(file), own().listStatus(file.getParent())[0]}) {
      assertThat(status).isEqualTo(expected);
      assertThat(status.getPermission().toShort() & 0777).isEqualTo(mode & 0777);
      assertThat(status.getOwner()).isEqualTo(expected.getOwner());
      assertThat(status.getGroup()).isEqualTo(expected.getGroup());
      assertThat(status.getLen()).isEqualTo(4);
      assertThat(status.getModificationTime()).isEqualTo(expected.getModificationTime());
      assertThat(status.isFile()).isTrue();
    }
  }

  @Test
  void whatIsMadeHasTheModesOfTheUmask() throws IOException {
    configuration.set("fs.permissions.umask-mode", "027");
    Path file = new Path(temporary.resolve("folder/file").toUri());
    own().create(file).close();
    assertThat(Files.getPosixFilePermissions(temporary.resolve("folder/file")))
        .isEqualTo(PosixFilePermissions.fromString("rw-r-----"));
    assertThat(Files.getPosixFilePermissions(temporary.resolve("folder")))
        .isEqualTo(PosixFilePermissions.fromString("rwxr-x---"));
  }

  @Test
  void aFileThatIsNotThereIsMissing() throws IOException {
    FileSystem own = own();
    Path file = new Path(temporary.resolve("missing").toUri());
    assertThatThrownBy(() -> own.getFileStatus(file)).isInstanceOf(FileNotFoundException.class);
    assertThat(own.exists(file)).isFalse();
  }

  @Test
  void anotherImplementationIsKept() {
    configuration.set("fs.file.impl", LocalFileSystem.class.getName());
    LocalFiles.use(configuration);
    assertThat(configuration.get("fs.file.impl")).isEqualTo(LocalFileSystem.class.getName());
  }
}
