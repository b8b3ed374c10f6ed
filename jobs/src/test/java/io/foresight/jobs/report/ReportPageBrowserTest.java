package io.foresight.jobs.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.support.ui.Select;

/** The page as a browser shows it, in the Chromium that is installed. */
class ReportPageBrowserTest {

  private static final By SEARCH = By.id("search");
  private static final String SHOWN = "#outputs tbody tr";

  @TempDir private static Path folder;

  private static Browser browser;

  @BeforeAll
  static void open() throws IOException {
    if (!InstalledBrowser.isThere() && !Boolean.getBoolean("foresight.browser-required")) {
      System.err.println(InstalledBrowser.leftUndone());
      assumeTrue(false, InstalledBrowser.leftUndone());
    }
    write("comparison", ReportFixture.comparison());
    write("hostile", ReportFixture.hostile());
    write("single", ReportFixture.single());
    write("empty", ReportFixture.empty());
    browser = Browser.open();
  }

  @AfterAll
  static void close() {
    if (browser != null) {
      browser.close();
    }
  }

  private static void write(String name, ReportData data) throws IOException {
    try (OutputStream out = Files.newOutputStream(page(name))) {
      ReportPage.write(data, out);
    }
  }

  private static Path page(String name) {
    return folder.resolve(name + ".html");
  }

  /** Nothing went wrong, nothing was fetched, and nothing stands out of the page. */
  private static void assertSound(String name) {
    assertThat(browser.messages()).as("console").isEmpty();
    assertThat(browser.requests()).as("requests").containsExactly(page(name).toUri().toString());
    assertThat(browser.number("document.documentElement.scrollWidth"))
        .as("width of the content")
        .isLessThanOrEqualTo(browser.number("innerWidth"));
  }

  @ParameterizedTest
  @CsvSource({
    "comparison, 1280, light", "comparison, 390, light",
    "comparison, 1280, dark", "comparison, 390, dark",
    "hostile, 1280, light", "hostile, 390, dark",
    "single, 1280, light", "single, 390, dark",
    "empty, 1280, light", "empty, 390, dark"
  })
  void isSound(String name, int width, String scheme) {
    browser.show(page(name), width, scheme);
    assertSound(name);
    assertThat(charts()).allSatisfy(chart -> assertThat(chart).isEqualTo("drawn"));
    browser.run("document.querySelectorAll('details').forEach(d => { d.open = true; })");
    assertThat(browser.number("document.documentElement.scrollWidth"))
        .as("width of all that can be opened")
        .isLessThanOrEqualTo(width);
    assertThat(faint()).as("text that is hard to read").isEmpty();
  }

  /** Of each chart that can be seen whether it is drawn, or what it lacks. */
  @SuppressWarnings("unchecked")
  private static List<String> charts() {
    return (List<String>)
        browser.run(
            """
            return [...document.querySelectorAll(".chart")].map(space => {
              const chart = echarts.getInstanceByDom(space);
              if (!chart) return "no chart";
              if (chart.getOption().series.some(series => series.data.length === 0)) return "no data";
              if (space.querySelectorAll("svg path").length < 5) return "no marks";
              const box = space.querySelector("svg").getBoundingClientRect();
              return box.width > 200 && box.height > 60 ? "drawn" : "no room";
            });
            """);
  }

  /** Texts whose contrast with what is behind them is below 4.5. */
  @SuppressWarnings("unchecked")
  private static List<String> faint() {
    return (List<String>)
        browser.run(
            """
            const channels = colour => (colour.match(/[\\d.]+/g) || []).map(Number);
            const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
                .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
                .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
            const behind = e => {
              for (; e; e = e.parentElement) {
                const back = channels(getComputedStyle(e).backgroundColor);
                if (back.length === 3 || back[3] === 1) return back;
              }
              return [255, 255, 255];
            };
            const found = new Set();
            const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            while (walker.nextNode()) {
              const e = walker.currentNode.parentElement;
              if (!walker.currentNode.data.trim() || e.closest("script, svg, .unseen, .skip") || !e.checkVisibility()) continue;
              const [a, b] = [light(channels(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
              if ((a + 0.05) / (b + 0.05) < 4.5) found.add(e.className + ": " + e.textContent.slice(0, 40));
            }
            return [...found];
            """);
  }

  @Test
  void showsWhatTheDataSay() {
    browser.show(page("comparison"), 1280, "light");
    assertThat(browser.texts("main > section:not([hidden]) > h2"))
        .containsExactly(
            "Constraints met, and what it costs",
            "Metrics",
            "Speculation",
            "Where constraints are met",
            "Where time goes",
            "Paired tests",
            "Rows on which variants differ most",
            "Examples",
            "Variants");
    assertThat(browser.texts("#summary li")).isEqualTo(ReportFixture.comparison().summary());
    assertThat(browser.texts("#metrics tbody tr:nth-child(6) td").get(0))
        .isEqualTo("99.5\u202f%\n99.1 to 99.9");
    assertThat(browser.texts("[data-shown]").get(0)).contains("holds 53 of 1,593 rows");
    assertThat(browser.texts("#differ .card:first-of-type mark"))
        .containsExactly("crowd", "crowd", "sing", "song");
    assertThat(browser.texts("#differ .card:first-of-type .lacks"))
        .containsExactly("lacks song, sing");
  }

  @Test
  void whatThereIsNothingToSayOfIsNotThere() {
    browser.show(page("single"), 1280, "light");
    assertThat(browser.texts("main > section:not([hidden]) > h2"))
        .containsExactly("Metrics", "Examples", "Variants");
    assertThat(browser.texts("#outputs thead th")).doesNotContain("Variant", "Reward", "Data set");
    assertThat(browser.texts("main").get(0)).doesNotContain("NaN", "null", "undefined");
    browser.show(page("empty"), 1280, "light");
    assertThat(browser.texts("main > section:not([hidden]) > h2")).containsExactly("Variants");
  }

  @Test
  void aMetricIsChosen() {
    browser.show(page("comparison"), 1280, "light");
    new Select(browser.find(By.id("metric"))).selectByVisibleText("Perplexity");
    assertThat(browser.texts("#metric-note")).containsExactly("Less is better.");
    assertThat(
            browser.run(
                """
                return echarts.getInstanceByDom(document.querySelector("#metrics .chart"))
                    .getOption().series[0].data.map(bar => bar.value);
                """))
        .isEqualTo(List.of(2.13, 2.13, 2.22, 2.27, 2.22, 2.57));
    assertThat(charts()).allSatisfy(chart -> assertThat(chart).isEqualTo("drawn"));
    assertSound("comparison");
  }

  @Test
  void whatIsTypedNarrowsTheExamples() {
    browser.show(page("comparison"), 1280, "light");
    assertThat(browser.texts(SHOWN)).hasSize(10);
    assertThat(browser.texts("#examples .pager span")).containsExactly("1 to 10 of 318");
    browser.find(SEARCH).sendKeys("KITE");
    assertThat(browser.texts("#examples .pager span")).containsExactly("1 to 10 of 24");
    assertThat(browser.texts(SHOWN)).allSatisfy(row -> assertThat(row).contains("kite"));
    new Select(browser.find(By.id("filter-variant"))).selectByVisibleText("cdsl-tree");
    assertThat(browser.texts(SHOWN))
        .hasSize(4)
        .allSatisfy(r -> assertThat(r).contains("cdsl-tree"));
    new Select(browser.find(By.id("filter-status"))).selectByVisibleText("error");
    assertThat(browser.texts(SHOWN)).isEmpty();
    assertThat(browser.texts("#examples .none")).containsExactly("Nothing matches.");
    browser.find(SEARCH).clear();
    new Select(browser.find(By.id("filter-variant"))).selectByVisibleText("All");
    assertThat(browser.texts(SHOWN)).singleElement().asString().contains("the program ended");
  }

  @Test
  void pagesAreTurned() {
    browser.show(page("comparison"), 390, "light");
    List<WebElement> buttons = browser.all(By.cssSelector("#examples .pager button"));
    String first = browser.texts(SHOWN).get(0);
    assertThat(buttons.get(0).isEnabled()).isFalse();
    buttons.get(1).click();
    assertThat(browser.texts("#examples .pager span")).containsExactly("11 to 20 of 318");
    assertThat(browser.texts(SHOWN)).hasSize(10).doesNotContain(first);
    buttons.get(0).click();
    assertThat(browser.texts(SHOWN)).contains(first);
  }

  @Test
  void aColumnIsSortedByClickAndByKey() {
    browser.show(page("comparison"), 1280, "light");
    WebElement head = browser.find(By.xpath("//table[@id='outputs']//th[button='Tokens']"));
    head.findElement(By.tagName("button")).click();
    assertThat(head.getDomAttribute("aria-sort")).isEqualTo("descending");
    List<Integer> down = numbers();
    assertThat(down).isSortedAccordingTo(Collections.reverseOrder()).doesNotHaveDuplicates();
    head.findElement(By.tagName("button")).sendKeys(Keys.ENTER);
    assertThat(head.getDomAttribute("aria-sort")).isEqualTo("ascending");
    assertThat(numbers()).isSorted().first().isEqualTo(0);
    browser.find(By.xpath("//table[@id='outputs']//th/button[.='Prompt']")).click();
    assertThat(head.getDomAttribute("aria-sort")).isNull();
    assertThat(browser.texts(SHOWN + " td:first-child")).isSorted();
  }

  private static List<Integer> numbers() {
    List<Integer> numbers =
        new ArrayList<>(
            browser.texts(SHOWN + " td:nth-child(6)").stream().map(Integer::valueOf).toList());
    return numbers.stream().distinct().toList();
  }

  @Test
  void tablesAreCopiedAsCsv() {
    browser.show(page("comparison"), 1280, "light");
    copy("paired");
    assertThat(clipboard())
        .startsWith(
            "\"Metric\",\"Data set\",\"First\",\"Second\",\"Difference\",\"Low\",\"High\",\"p\",\"Adjusted p\"\n"
                + "\"Satisfied\",\"commongen-dev\",\"greedy\",\"speculative\",0,0,0,1,1\n"
                + "\"Satisfied\",\"commongen-dev\",\"greedy\",\"cdlh\",0.26,")
        .hasLineCount(1 + 15);
    assertThat(browser.texts("#announcer")).containsExactly("Copied 15 rows");
    browser.show(page("hostile"), 1280, "light");
    browser.find(SEARCH).sendKeys("hyperlink");
    copy("outputs");
    assertThat(clipboard())
        .contains("\"=HYPERLINK(\"\"http://example.org\"\", \"\"a, b\"\")\n+1\",\"cdsl\",")
        .endsWith("\n");
  }

  private static void copy(String table) {
    browser
        .find(
            By.xpath(
                "//div[@class='table'][.//table[@id='%s']]//button[.='Copy as CSV']"
                    .formatted(table)))
        .click();
  }

  /** With line breaks of one kind, since clipboards of some systems change them. */
  private static String clipboard() {
    String read =
        (String)
            browser.runAsync(
                "const done = arguments[0]; navigator.clipboard.readText().then(done, e => done(String(e)));");
    return read.replace("\r\n", "\n");
  }

  @Test
  void hostileTextsAreTextsOnly() {
    browser.show(page("hostile"), 390, "light");
    assertSound("hostile");
    assertThat(browser.run("return window.harmed")).isNull();
    assertThat(browser.run("return document.title")).isEqualTo(ReportFixture.hostile().title());
    assertThat(browser.texts("#title")).containsExactly(ReportFixture.hostile().title());
    for (String text : ReportFixture.hostileTexts().subList(0, 4)) {
      assertThat(browser.texts("#outputs .text, #differ .text")).contains(text);
    }
    assertThat(browser.number("document.querySelectorAll('main img, main script').length"))
        .isZero();
    // Nor would a script run that got in.
    browser.run(
        "const s = document.createElement('script'); s.textContent = 'window.harmed = 1'; document.body.append(s);"
            + "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.harmed = 1\">');");
    assertThat(browser.run("return window.harmed")).isNull();
    assertThat(browser.messages()).isNotEmpty();
  }

  @Test
  void longTextsAreCutUntilAskedFor() {
    browser.show(page("hostile"), 390, "light");
    browser.find(SEARCH).sendKeys("xxxxxxxxxx");
    String cell = SHOWN + ":nth-child(2) td:nth-child(3) .text";
    assertThat(browser.texts(cell).get(0)).hasSizeLessThan(500).endsWith("…");
    browser
        .all(By.cssSelector(SHOWN + ":nth-child(2) td:nth-child(3) button"))
        .get(0)
        .sendKeys(Keys.ENTER);
    assertThat(browser.texts(cell)).containsExactly("x".repeat(10_000));
    assertSound("hostile");
  }

  @Test
  void chartsFollowTheScheme() {
    browser.show(page("comparison"), 1280, "light");
    String light = background();
    browser.command(
        "Emulation.setEmulatedMedia",
        Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", "dark"))));
    assertThat(background()).isNotEqualTo(light);
    // The page is told of it in its own time.
    browser.runAsync("const done = arguments[0]; setTimeout(done, 300);");
    assertThat(ink()).isEqualTo("#e5e8ec");
  }

  private static String background() {
    return (String) browser.run("return getComputedStyle(document.body).backgroundColor");
  }

  private static String ink() {
    return (String)
        browser.run(
            "return echarts.getInstanceByDom(document.querySelector('.chart')).getOption().textStyle.color");
  }

  @Test
  void isPrintedWhole() throws IOException {
    browser.show(page("comparison"), 390, "dark");
    browser.run(
        """
        window.seen = {};
        addEventListener("beforeprint", () => {
          seen.closed = document.querySelectorAll("details:not([open])").length;
          seen.ink = echarts.getInstanceByDom(document.querySelector(".chart")).getOption().textStyle.color;
          seen.widths = [...document.querySelectorAll(".chart svg")].filter(s => s.getAttribute("width") !== "640").length;
        });
        """);
    browser.print(folder.resolve("report.pdf"));
    assertThat(Files.size(folder.resolve("report.pdf"))).isGreaterThan(50_000);
    @SuppressWarnings("unchecked")
    Map<String, Object> seen = (Map<String, Object>) browser.run("return seen");
    assertThat(seen)
        .containsOnly(entry("closed", 0L), entry("ink", "#000000"), entry("widths", 0L));
    assertThat(ink()).isEqualTo("#e5e8ec");
    assertThat(browser.number("document.querySelectorAll('details[open]').length")).isZero();
    assertSound("comparison");
  }

  @Test
  void everythingHasAName() {
    browser.show(page("comparison"), 1280, "light");
    assertThat(
            browser.run(
                """
                return [...document.querySelectorAll("input, select")].filter(e => e.labels.length !== 1).length
                    + [...document.querySelectorAll(".chart")].filter(e => !e.getAttribute("aria-label")).length
                    + [...document.querySelectorAll("table")].filter(e => !e.caption.textContent).length
                    + [...document.querySelectorAll("button")].filter(e => !e.hidden && !e.textContent).length;
                """))
        .isEqualTo(0L);
    // Headings go down a step at a time.
    List<String> levels = new ArrayList<>();
    for (WebElement heading : browser.all(By.cssSelector("h1, h2, h3"))) {
      levels.add(heading.getTagName());
    }
    assertThat(levels).first().isEqualTo("h1");
    assertThat(String.join(" ", levels)).doesNotContain("h1 h3");
  }

  /**
   * Makes the picture of {@code docs/}: {@code -Dtest=ReportPageBrowserTest#picture
   * -Dforesight.picture-of=report.html}, or {@code fixture} for the page of these tests.
   */
  @Test
  @EnabledIfSystemProperty(named = "foresight.picture-of", matches = ".+")
  void picture() throws IOException {
    String of = System.getProperty("foresight.picture-of");
    Path shown =
        of.equals("fixture")
            ? page("comparison")
            : Path.of(System.getProperty("foresight.called-from", ".")).resolve(of);
    browser.show(shown, 1280, "light");
    browser.picture(Path.of("../docs/report.png"), 0, 1560);
    assertThat(Files.size(Path.of("../docs/report.png"))).isLessThan(300_000);
  }
}
