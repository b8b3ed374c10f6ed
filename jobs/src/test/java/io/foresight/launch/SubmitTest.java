package io.foresight.launch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.FileNotFoundException;
import java.net.ConnectException;
import java.nio.file.NoSuchFileException;
import org.junit.jupiter.api.Test;

class SubmitTest {

  @Test
  void aFileThatIsMissingIsAnOptionsFault() {
    assertThat(Submit.code(new FileNotFoundException("a.jar"))).isEqualTo(2);
    assertThat(Submit.code(new IllegalStateException(new NoSuchFileException("a.jar"))))
        .isEqualTo(2);
    assertThat(Submit.code(new IllegalArgumentException("--executor-cores"))).isEqualTo(2);
    assertThat(Submit.code(new IllegalStateException(new ConnectException("refused"))))
        .isEqualTo(6);
  }
}
