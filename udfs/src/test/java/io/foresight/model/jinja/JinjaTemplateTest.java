package io.foresight.model.jinja;

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
