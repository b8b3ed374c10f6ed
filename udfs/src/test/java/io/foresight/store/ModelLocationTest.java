package io.foresight.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.foresight.model.text.ModelException;
import io.foresight.settings.Secrets;
import java.util.List;
import java.util.Map;
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

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "command = [python3, --api-key=abc, x] | command = [python3, --api-key=***, x]",
        "[p, --token, abc, --top, 3] | [p, --token, ***, --top, 3]",
        "p --hf-token abc --tokens 3 | p --hf-token *** --tokens 3",
        "p --password=a,b | p --password=***",
        "[p, --key=${env:KEY}, --token=${env:T}] | [p, --key=${env:KEY}, --token=${env:T}]",
        "[curl, -H, Authorization: Bearer abc] | [curl, -H, Authorization: Bearer ***]",
        "a --tokenizer b --max-tokens 5 --token | a --tokenizer b --max-tokens 5 --token"
      })
  void secretsOfCommandsAreHidden(String text, String hidden) {
    assertThat(Secrets.hidden(text)).isEqualTo(hidden);
  }

  @Test
  void settingsAreKeptWithoutSecrets() {
    assertThat(
            Secrets.masked(
                Map.of(
                    "command",
                    List.of(
                        "p",
                        "--token",
                        "a b",
                        "--api-key=c d",
                        "API_KEY=x",
                        "--n",
                        "3",
                        "--secret",
                        "${env:S}",
                        "--token",
                        "--n"),
                    "api-key",
                    "abc",
                    "text",
                    "p,--token,abc",
                    "max-tokens",
                    5,
                    "model",
                    "bert")))
        .isEqualTo(
            Map.of(
                "command",
                List.of(
                    "p",
                    "--token",
                    "***",
                    "--api-key=***",
                    "API_KEY=***",
                    "--n",
                    "3",
                    "--secret",
                    "${env:S}",
                    "--token",
                    "--n"),
                "api-key",
                "***",
                "text",
                "p,--token,***",
                "max-tokens",
                5,
                "model",
                "bert"));
  }
}
