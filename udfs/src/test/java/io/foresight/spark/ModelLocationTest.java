package io.foresight.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.foresight.model.ModelException;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelLocationTest {

  private static ModelLocation of(String given) {
    return ModelLocation.of(given, new Configuration(false));
  }

  @ParameterizedTest
  @CsvSource({
    "examples/target, examples/target",
    "/data/m, /data/m",
    "file:/data/m, /data/m",
    "file:///data/m, /data/m",
    "C:/m, C:/m"
  })
  void whatHasNoSchemeOrIsAFileIsAFolder(String given, String folder) {
    assertThat(of(given)).isEqualTo(new ModelLocation.Folder(folder));
  }

  @ParameterizedTest
  @CsvSource({
    "spark-files:models, models",
    "spark-files:models/target/, models/target",
    "spark-files:., ''",
    "spark-files:, ''"
  })
  void whatSparkShipsHasANameBelowItsFolder(String given, String name) {
    assertThat(of(given)).isEqualTo(new ModelLocation.Shipped(name));
  }

  @ParameterizedTest
  @ValueSource(strings = {"spark-files:/etc", "spark-files:a/../../b"})
  void aShippedNameStaysBelowThatFolder(String given) {
    assertThatThrownBy(() -> of(given))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("it leads out of the folder of shipped files");
  }

  @Test
  void aFileUriOfAnotherHostIsRefused() {
    assertThatThrownBy(() -> of("file://host/m"))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("names no host");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "s3a://AKIAKEY:topsecret@bucket/m",
        "s3a://AKIAKEY:top/secret@bucket/m",
        "s3a://AKIAKEY:12/topsecret@bucket/m",
        "s3a://AKIAKEY:top@secret@bucket/m",
        "S3N://topsecret@bucket/m",
        "hdfs://user:topsecret@host:9000/m",
        "ftp://user:topsecret@host/m"
      })
  void credentialsInAUriAreRefusedAndNotRepeated(String given) {
    assertThatThrownBy(() -> of(given))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("its URI holds credentials. Leave them to Hadoop")
        .hasMessageContaining("://***@")
        .hasMessageNotContainingAny("AKIAKEY", "secret");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "abfs://container@account.dfs.core.windows.net/m",
        "hdfs://host:9000/user@domain/m",
        "s3a://bucket/user@domain/m",
        "plain text with a@b and c:d"
      })
  void anAtSignAloneIsNoCredential(String text) {
    assertThat(Secrets.inUri(text)).isFalse();
    assertThat(Secrets.hidden(text)).isEqualTo(text);
  }

  @Test
  void valuesOfSecretSettingsAreHidden() {
    assertThat(
            Secrets.hidden(
                "Unknown: '--conf', 'spark.hadoop.fs.s3a.secret.key=abc/+' and fs.s3a.access.key=def; max-new-tokens=6"))
        .isEqualTo(
            "Unknown: '--conf', 'spark.hadoop.fs.s3a.secret.key=*** and fs.s3a.access.key=*** max-new-tokens=6");
  }
}
