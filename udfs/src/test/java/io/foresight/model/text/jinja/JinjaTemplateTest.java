package io.foresight.model.text.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Templates in the styles of the families that have them, and pieces of Jinja, against what
 * transformers 5 (Jinja2 3.1) renders: {@code golden.json} has its texts, what a template says by
 * {@code raise_exception}, or how it fails.
 */
class JinjaTemplateTest {

  private static final Path FOLDER = Path.of("src/test/resources/chat");
  private static final LocalDateTime NOW = LocalDateTime.of(2026, 11, 25, 9, 5, 7);

  private static Map<String, Object> variables(JsonNode turns, boolean continues) {
    List<Object> messages = new ArrayList<>();
    turns.forEach(turn -> messages.add(new ObjectMapper().convertValue(turn, Map.class)));
    Map<String, Object> variables = new HashMap<>();
    variables.put("messages", messages);
    variables.put("bos_token", "<s>");
    variables.put("eos_token", "</s>");
    variables.put("add_generation_prompt", !continues);
    variables.put("tools", null);
    variables.put("documents", null);
    return variables;
  }

  @TestFactory
  List<DynamicTest> rendersAsTransformersDoes() throws IOException {
    JsonNode golden = new ObjectMapper().readTree(FOLDER.resolve("golden.json").toFile());
    List<DynamicTest> tests = new ArrayList<>();
    for (JsonNode one : golden.path("cases")) {
      String source =
          one.has("source")
              ? one.path("source").asText()
              : Files.readString(FOLDER.resolve(one.path("template").asText()));
      Map<String, Object> variables =
          variables(
              golden.path("conversations").path(one.path("turns").asText()),
              one.path("continues").asBoolean());
      String name = one.path("template").asText(source) + " " + one.path("turns").asText();
      tests.add(
          DynamicTest.dynamicTest(
              name,
              () -> {
                if (one.has("expected")) {
                  assertThat(JinjaTemplate.parse(source).render(variables, NOW))
                      .isEqualTo(one.path("expected").asText());
                } else {
                  var thrown =
                      assertThatThrownBy(() -> JinjaTemplate.parse(source).render(variables, NOW))
                          .isInstanceOf(JinjaException.class);
                  if (one.has("says")) {
                    thrown.hasMessage(one.path("says").asText());
                  }
                }
              }));
    }
    return tests;
  }

  @Test
  void whatATemplateRaisesIsTheMessage() {
    assertThatThrownBy(() -> render("{{ raise_exception('Only ' ~ 2 ~ ' roles') }}"))
        .isInstanceOf(JinjaException.class)
        .hasMessage("Only 2 roles");
  }

  @Test
  void textsOfRowsAreNoTemplates() {
    Map<String, Object> variables = Map.of("text", "{{ 1 + 1 }}{% if x %}{# c #}");
    assertThat(JinjaTemplate.parse("[{{ text }}]{{ text | trim }}").render(variables, NOW))
        .isEqualTo("[{{ 1 + 1 }}{% if x %}{# c #}]{{ 1 + 1 }}{% if x %}{# c #}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% include '/etc/passwd' %}",
        "{% import '/etc/passwd' as x %}",
        "{% from 'x' import y %}",
        "{% extends '/etc/passwd' %}",
        "{{ include('/etc/passwd') }}",
        "{{ ''.getClass() }}",
        "{{ ''.class.forName('java.lang.Runtime') }}",
        "{{ ''['class'].name }}",
        "{{ messages.getClass().getClassLoader() }}",
        "{{ messages.size() }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ (''|attr('__class__')).x }}",
        "{{ messages.append(1) }}",
        "{{ messages[0].update({'role': 'x'}) }}",
        "{{ range.__globals__.x }}",
        "{{ raise_exception.class.x }}",
        "{{ namespace().attributes.put('a', 1) }}",
        "{{ loop.hashCode() }}",
        "{{ self.x }}",
        "{{ request.x }}",
        "{{ context.x }}"
      })
  void reachesNothingOutside(String template) {
    assertThatThrownBy(() -> render(template)).isInstanceOf(JinjaException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% for i in range(1000000000) %}x{% endfor %}",
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
        "{% for i in range(99999) %}{{ 'x' * 1000 }}{% endfor %}",
        "{{ 'x' * 10000000000 }}",
        "{{ ('x' * 4000000) * 4000000 }}",
        "{% set n = namespace(x='xx') %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}",
        "{% set n = namespace(x='xx') %}{% for i in range(99) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
        "{% set n = namespace(x=[1]) %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}",
        "{% set n = namespace(x=[1]) %}{% for i in range(99) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x }}",
        "{% set n = namespace(x=[1]) %}{% for i in range(99) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x|tojson }}",
        "{% set n = namespace(x=[1], y=[1]) %}{% for i in range(99) %}{% set n.x = [n.x, n.x] %}{% set n.y = [n.y, n.y] %}{% endfor %}{{ n.x == n.y }}",
        "{% set n = namespace(x='ab') %}{% for i in range(99) %}{% set n.x = n.x | replace('a', n.x) %}{% endfor %}",
        "{% set n = namespace(x='ab') %}{% for i in range(99) %}{% set n.x = [n.x, n.x] | join %}{% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
        "{% set x = 'a' * 3000000 %}{% for i in range(90000) %}{% if x.upper() == x %}{% endif %}{% endfor %}",
        "{{ 2 ** 62 * 2 ** 62 }}",
        "{{ 'a'|indent(1000000000) }}",
        "{{ 9223372036854775807 + 1 }}"
      })
  void takesNoMoreThanAPromptIsWorth(String template) {
    long started = System.nanoTime();
    assertThatThrownBy(() -> render(template)).isInstanceOf(JinjaException.class);
    assertThat(Duration.ofNanos(System.nanoTime() - started)).isLessThan(Duration.ofSeconds(20));
  }

  @ParameterizedTest
  @ValueSource(strings = {"(", "[", "not ", "-", "{% if true %}"})
  void nestingHasALimit(String opening) {
    String deep = opening.repeat(20_000);
    assertThatThrownBy(() -> render(opening.startsWith("{") ? deep : "{{ " + deep))
        .isInstanceOf(JinjaException.class);
  }

  @Test
  void aSumHasALimit() {
    assertThatThrownBy(() -> render("{{ 1" + " + 1".repeat(20_000) + " }}"))
        .hasMessage("it is nested too deeply");
  }

  /** An argument that was ignored would make another prompt than the template's author had. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "{{ 'abc'.startswith('b', 1) }}",
        "{{ 'abc'.find('a', 1) }}",
        "{{ [1] | unique(true) }}",
        "{{ {'a': 1} | dictsort(by='value') }}",
        "{{ {'a': 1} | tojson(sort_keys=true) }}",
        "{{ 'a' | upper(1) }}",
        "{{ 'a' | trim(characters='a') }}",
        "{{ 'a'.format(1) }}",
        "{{ '%s' % 'a' }}",
        "{% with x = 1 %}{% endwith %}",
        "{% call x() %}{% endcall %}",
        "{% for x in [] recursive %}{% endfor %}",
        "{% autoescape true %}{% endautoescape %}"
      })
  void refusesWhatItDoesNotHave(String template) {
    assertThatThrownBy(() -> render(template)).isInstanceOf(JinjaException.class);
  }

  /** As Jinja2 does: what stands in a conditional is looked up when it runs. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{% if none %}{{ 1 ! nope }}{% endif %}b|b",
        "{% if true %}x{% elif 1 ! nope %}{% endif %}b|xb",
        "{% if true %}x{% else %}{{ 1 is nope }}{% endif %}b|xb",
        "{{ (1 ! nope) if false else 2 }}b|2b",
        "{{ 2 if true else (1 ! nope) }}b|2b",
        "{{ ((1 ! nope) ~ 'a') if none else 2 }}b|2b",
        "{% if none %}{% if 1 ! nope is nope %}{% endif %}{% endif %}b|b",
        "{% if none %}{% for x in [1] ! nope %}{{ x }}{% endfor %}{% endif %}b|b",
        "{% if none %}{% for x in [1] %}{% if none %}{{ x ! nope }}{% endif %}{% endfor %}{% endif %}b|b",
        "{% if none %}{% set x = 1 ! nope %}{% endif %}b|b",
        "{% if 'nope' is filter %}{{ 1 ! nope }}{% endif %}b|b",
        "{% if none %}{{ 'a' ! upper(1) }}{{ 'a' ! trim(1, 2, 3) }}{% endif %}b|b",
        "{% if none and (1 ! nope) %}{% endif %}b|b"
      })
  void whatIsUnknownIsNoMatterWhereItDoesNotRun(String template, String text) {
    assertThat(render(template.replace('!', '|'))).isEqualTo(text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% for x in [] %}{{ x | nope }}{% endfor %}",
        "{% macro m() %}{{ 1 | nope }}{% endmacro %}",
        "{% if none %}{% for x in [1] %}{{ x | nope }}{% endfor %}{% endif %}",
        "{% if none %}{% for x in [1] if x | nope %}{{ x }}{% endfor %}{% endif %}",
        "{% if none %}{% macro m(a=1 | nope) %}{% endmacro %}{% endif %}",
        "{% if none %}{% set x %}{{ 1 | nope }}{% endset %}{% endif %}",
        "{% if none %}{% filter nope %}{% endfilter %}{% endif %}",
        "{{ (2 if none else 3) ~ (1 | nope) }}",
        "{{ [(1 | nope) if none else 3, 1 is nope] }}",
        "{{ none and (1 | nope) }}"
      })
  void whatIsUnknownElsewhereIsRefusedBeforeItRuns(String template) {
    assertThatThrownBy(() -> JinjaTemplate.parse(template))
        .isInstanceOf(JinjaException.class)
        .hasMessageMatching("line 1: there is no (filter|test) \"nope\"");
  }

  @Test
  void whatIsUnknownFailsWhereItRuns() {
    assertThatThrownBy(() -> render("a\n{% if true %}{{ 1 | nope }}{% endif %}"))
        .hasMessage("line 2: there is no filter \"nope\"");
    assertThatThrownBy(() -> render("{{ 1 if 1 is nope }}"))
        .hasMessage("line 1: there is no test \"nope\"");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "selectattr('a')",
        "selectattr('a', 'equalto', 1)",
        "rejectattr('a')",
        "select",
        "select('odd')",
        "reject('nope')",
        "map('upper')",
        "map('nope')",
        "map(attribute='a', default=3)"
      })
  void lazyFiltersTakeWhatIsFalsyAsEmpty(String filter) {
    for (String falsy : List.of("none", "missing", "false", "0", "''", "[]", "{}")) {
      assertThat(render("{{ %s | %s | list | length }}".formatted(falsy, filter))).isEqualTo("0");
    }
    assertThatThrownBy(() -> render("{{ 5 | %s | list }}".formatted(filter)))
        .isInstanceOf(JinjaException.class);
    assertThatThrownBy(() -> render("{{ none | list }}")).isInstanceOf(JinjaException.class);
  }

  @Test
  void aProblemNamesItsLine() {
    assertThatThrownBy(() -> JinjaTemplate.parse("a\nb {{ x | nope }}"))
        .hasMessage("line 2: there is no filter \"nope\"");
    assertThatThrownBy(() -> JinjaTemplate.parse("a\n\n{% include 'x' %}"))
        .hasMessageContaining("line 3: the tag \"include\"");
  }

  private static String render(String template) {
    return JinjaTemplate.parse(template)
        .render(Map.of("messages", List.of(Map.of("role", "user", "content", "Hi"))), NOW);
  }
}
