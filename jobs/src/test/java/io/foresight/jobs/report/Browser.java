package io.foresight.jobs.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;
import org.openqa.selenium.By;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

/** A Chromium that is installed, without a window. */
final class Browser implements AutoCloseable {

  private final ChromeDriver driver;
  private final List<String> requests = new ArrayList<>();

  private Browser(ChromeDriver driver) {
    this.driver = driver;
  }

  static Browser open() {
    ChromeOptions options = new ChromeOptions();
    options.setBinary(InstalledBrowser.CHROMIUM);
    // Containers have no user namespaces and a small /dev/shm; the page is our own.
    options.addArguments("--headless=new", "--no-sandbox", "--disable-dev-shm-usage");
    LoggingPreferences logs = new LoggingPreferences();
    logs.enable(LogType.BROWSER, Level.ALL);
    logs.enable(LogType.PERFORMANCE, Level.ALL);
    options.setCapability("goog:loggingPrefs", logs);
    // With the driver named, Selenium looks for none elsewhere.
    ChromeDriverService service =
        new ChromeDriverService.Builder().usingDriverExecutable(InstalledBrowser.DRIVER).build();
    Browser browser = new Browser(new ChromeDriver(service, options));
    browser.command(
        "Browser.grantPermissions",
        Map.of("permissions", List.of("clipboardReadWrite", "clipboardSanitizedWrite")));
    return browser;
  }

  /** Opens a page as a phone or a screen of that width shows it. */
  void show(Path page, int width, String scheme) {
    command(
        "Emulation.setDeviceMetricsOverride",
        Map.of("width", width, "height", 900, "deviceScaleFactor", 1, "mobile", width < 600));
    command(
        "Emulation.setEmulatedMedia",
        Map.of(
            "features",
            List.of(
                Map.of("name", "prefers-color-scheme", "value", scheme),
                // Else what is clicked may still be on its way.
                Map.of("name", "prefers-reduced-motion", "value", "reduce"))));
    messages();
    requests();
    driver.get(page.toUri().toString());
  }

  void command(String name, Map<String, Object> parameters) {
    driver.executeCdpCommand(name, parameters);
  }

  Object run(String script, Object... arguments) {
    return driver.executeScript(script, arguments);
  }

  Object runAsync(String script, Object... arguments) {
    return driver.executeAsyncScript(script, arguments);
  }

  long number(String script) {
    return ((Number) run("return " + script)).longValue();
  }

  @SuppressWarnings("unchecked")
  List<String> texts(String selector) {
    return (List<String>)
        run("return [...document.querySelectorAll(arguments[0])].map(e => e.innerText)", selector);
  }

  WebElement find(By by) {
    return driver.findElement(by);
  }

  List<WebElement> all(By by) {
    return driver.findElements(by);
  }

  /** What the console said since the page was opened, or this was asked last. */
  List<String> messages() {
    return driver.manage().logs().get(LogType.BROWSER).getAll().stream()
        .map(LogEntry::getMessage)
        .toList();
  }

  /** What was asked of a network or a disk since then. */
  List<String> requests() {
    requests.clear();
    for (LogEntry entry : driver.manage().logs().get(LogType.PERFORMANCE)) {
      String message = entry.getMessage();
      if (message.contains("\"Network.requestWillBeSent\"")
          || message.contains("\"Network.webSocketCreated\"")) {
        requests.add(message.replaceAll("(?s).*?\"url\":\"([^\"]*)\".*", "$1"));
      }
    }
    return List.copyOf(requests);
  }

  /** A picture of a part of the page, over its whole width. */
  void picture(Path file, long top, long height) throws IOException {
    Map<String, Object> shot =
        driver.executeCdpCommand(
            "Page.captureScreenshot",
            Map.of(
                "captureBeyondViewport",
                true,
                "clip",
                Map.of(
                    "x",
                    0,
                    "y",
                    top,
                    "width",
                    number("innerWidth"),
                    "height",
                    height,
                    "scale",
                    1)));
    Files.write(file, Base64.getDecoder().decode((String) shot.get("data")));
  }

  /** The page as it is printed. */
  void print(Path file) throws IOException {
    Map<String, Object> pdf =
        driver.executeCdpCommand("Page.printToPDF", Map.of("preferCSSPageSize", true));
    Files.write(file, Base64.getDecoder().decode((String) pdf.get("data")));
  }

  @Override
  public void close() {
    driver.quit();
  }
}
