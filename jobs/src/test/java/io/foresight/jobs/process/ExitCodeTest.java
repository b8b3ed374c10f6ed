package io.foresight.jobs.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.foresight.spark.run.RunException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ExitCodeTest {

  @Test
  void thePageListsThemAll() throws IOException {
    List<String> listed =
        Pattern.compile("(?m)^\\| (\\d+) \\| `(\\w+)` \\|")
            .matcher(Files.readString(Path.of("../docs/exit-codes.md")))
            .results()
            .map(row -> row.group(1) + " " + row.group(2))
            .toList();
    assertThat(listed)
        .isEqualTo(Arrays.stream(ExitCode.values()).map(code -> code.code() + " " + code).toList());
  }

  @ParameterizedTest
  @EnumSource
  void whatEndsARunHasACode(RunException.Kind kind) {
    Failure failure = Failure.of(new IllegalStateException(new RunException(kind, "Cannot.")));
    assertThat(failure).isEqualTo(new Failure(ExitCode.of(kind), "Cannot."));
    assertThat(failure.code()).isNotEqualTo(ExitCode.OK);
  }
}
