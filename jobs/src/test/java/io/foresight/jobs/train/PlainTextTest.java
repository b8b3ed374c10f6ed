package io.foresight.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PlainTextTest {

  @Test
  void makesPlainText() {
    assertThat(PlainText.clean("I\u2019m \u201cnot\u201d\u00a0 sure \u2013 caf\u00e9\u2026\n", 9))
        .contains("I'm \"not\" sure - cafe...");
    assertThat(PlainText.clean("RT @someone: salt &amp; pepper , please !!! &#128512;", 9))
        .contains("salt & pepper, please!");
    assertThat(PlainText.clean("what a lovely sunny day in the #garden", 9))
        .contains("what a lovely sunny day in the garden");
    assertThat(PlainText.clean("he said \"come in and left", 9))
        .contains("he said come in and left");
  }

  @Test
  void dropsWhatIsNoPlainText() {
    assertThat(PlainText.clean("see http://example.org for more", 9)).isEmpty();
    assertThat(PlainText.clean("see www.example.org for more", 9)).isEmpty();
    assertThat(PlainText.clean("<b>bold</b> words", 9)).isEmpty();
    assertThat(PlainText.clean("a [link](there) to more of it", 9)).isEmpty();
    assertThat(PlainText.clean("{{a}} | {{b}} | c", 9)).isEmpty();
    assertThat(PlainText.clean("12 345!", 9)).isEmpty();
    assertThat(PlainText.clean(" ", 9)).isEmpty();
    assertThat(PlainText.clean("a" + "b".repeat(24), 9)).isEmpty();
  }

  @Test
  void endsWithTheLastSentenceThatFits() {
    String text = "Take the bus. Get off at \"Mill Road.\" Then walk on for a mile or two.";
    assertThat(PlainText.clean(text, 16)).contains(text);
    assertThat(PlainText.clean(text, 15)).contains("Take the bus. Get off at \"Mill Road.\"");
    assertThat(PlainText.clean(text, 8)).contains("Take the bus. Get off at \"Mill Road.\"");
    assertThat(PlainText.clean(text, 7)).contains("Take the bus.");
    assertThat(PlainText.clean(text, 2)).isEmpty();
    assertThat(PlainText.clean("Buy this: 1. Bread 2. Milk and more. Go home.", 8))
        .as("a number's stop ends no sentence")
        .contains("Buy this: 1. Bread 2. Milk and more.");
    assertThat(PlainText.clean("Buy this: 1. Bread 2. Milk and more. Go home.", 5)).isEmpty();
  }

  @Test
  void aSentenceStartsWithACapitalAndEndsWithAStop() {
    assertThat(PlainText.sentence("we walk")).isEqualTo("We walk.");
    assertThat(PlainText.sentence("do we walk?")).isEqualTo("Do we walk?");
    assertThat(PlainText.sentence("he said \"walk.\"")).isEqualTo("He said \"walk.\"");
  }
}
