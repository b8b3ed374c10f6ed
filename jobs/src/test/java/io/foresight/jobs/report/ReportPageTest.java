package io.foresight.jobs.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What can be said of the page without a browser. */
class ReportPageTest {

  private static final Pattern DATA =
      Pattern.compile("(?s)<script id=\"data\" type=\"application/json\">(.*?)</script>");

  static String page(ReportData data) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ReportPage.write(data, out);
    return out.toString(StandardCharsets.UTF_8);
  }

  @Test
  void holdsAllThatItNeeds() throws IOException {
    String page = page(ReportFixture.comparison());
    assertThat(page).doesNotContainPattern("\\{\\{[a-z.-]+}}");
    assertThat(page.replaceAll("(?s)(<script[^>]*>).*?</script>", "$1"))
        .doesNotContainPattern("\\s(src|srcset)=|url\\(|<link|@import|href=\"[^#]");
    assertThat(page).contains("echarts={}").contains("default-src 'none'; script-src 'sha256-");
    assertThat(page.length()).isLessThan(1_000_000);
  }

  /** As HTML ends a script: by the first thing that looks like its end, whatever it stands in. */
  @Test
  void textsDoNotEndItsScripts() throws IOException {
    String page = page(ReportFixture.hostile());
    List<String> ends =
        Pattern.compile("(?i)</script").matcher(page).results().map(MatchResult::group).toList();
    assertThat(ends).hasSize(3);
    // A comment within a script would make its end none.
    assertThat(page.substring(page.indexOf("<script"))).doesNotContain("<!--", "\u2028", "\u2029");
    assertThat(page).contains("<title>&lt;/title>&lt;/script>");
  }

  @Test
  void dataStayWhatTheyAre() throws IOException {
    for (ReportData data :
        List.of(ReportFixture.hostile(), ReportFixture.single(), ReportFixture.empty())) {
      JsonNode there = new ObjectMapper().readTree(data(page(data))).get("report");
      assertThat(there).isEqualTo(new ObjectMapper().readTree(ReportJson.of(data)));
      assertThat(there.get("title").asText()).isEqualTo(data.title());
      for (int i = 0; i < data.rows().size(); i++) {
        assertThat(there.at("/rows/%d/prompt".formatted(i)).asText())
            .isEqualTo(data.rows().get(i).prompt());
      }
    }
  }

  @Test
  void whatIsNoNumberIsNull() throws IOException {
    JsonNode data = new ObjectMapper().readTree(data(page(ReportFixture.single())));
    assertThat(data.at("/report/variants/0/metrics/satisfied/mean").isNull()).isTrue();
    assertThat(data.at("/metrics/satisfied/share").asBoolean()).isTrue();
  }

  private static String data(String page) {
    return DATA.matcher(page).results().findFirst().orElseThrow().group(1);
  }
}
