package io.foresight.jobs.train;

import com.fasterxml.jackson.databind.JsonNode;
import io.foresight.engine.prompt.PromptTemplate;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Dialogues of one prompt and one short response, split by their prompts; texts that stand alone
 * are trained on too.
 */
final class DialogueCorpus implements Corpus {

  /** One in so many prompts is held out. */
  private static final int HELD_OUT_SHARE = 32;

  /** Together with the template, these stay below {@link ModelShape#CONTEXT} ids. */
  private static final int MAX_PROMPT_WORDS = 80;

  private static final int MAX_RESPONSE_WORDS = 34;

  private final PromptTemplate template;
  private final Set<Map<String, Object>> heldOutRows = new LinkedHashSet<>();
  private final List<Line> heldOut = new ArrayList<>();
  private final List<Line> training = new ArrayList<>();
  private int dialogues;

  private DialogueCorpus(PromptTemplate template) {
    this.template = template;
  }

  /**
   * Reads JSONL files.
   *
   * @param template names the column prompt
   * @throws IOException if a file cannot be read
   * @throws IllegalArgumentException if a line has neither {@code prompt} and {@code response} nor
   *     {@code text}, or too few dialogues are clean enough to train on
   */
  static DialogueCorpus read(List<Path> files, PromptTemplate template) throws IOException {
    DialogueCorpus corpus = new DialogueCorpus(template);
    Corpus.read(
        files,
        node -> isDialogue(node) || node.path("text").isTextual(),
        "the texts \"prompt\" and \"response\", or the text \"text\"",
        corpus::add);
    if (corpus.dialogues == 0 || corpus.heldOut.isEmpty()) {
      throw Corpus.tooFew(files, corpus.dialogues, corpus.heldOut.size());
    }
    return corpus;
  }

  private static boolean isDialogue(JsonNode node) {
    return node.path("prompt").isTextual() && node.path("response").isTextual();
  }

  private void add(JsonNode node) {
    Optional<String> said =
        PlainText.clean(
                node.get(isDialogue(node) ? "response" : "text").asText(), MAX_RESPONSE_WORDS)
            .map(PlainText::sentence);
    if (said.isEmpty()) {
      return;
    }
    if (isDialogue(node)) {
      PlainText.clean(node.get("prompt").asText(), MAX_PROMPT_WORDS)
          .ifPresent(prompt -> addDialogue(prompt, said.get()));
    } else {
      training.add(new Line("", said.get(), true));
    }
  }

  private void addDialogue(String prompt, String response) {
    Map<String, Object> row = Map.of("prompt", prompt);
    String rendered = template.render(row);
    // Prompts that differ in their capitals alone must not be on both sides.
    int hash = prompt.toLowerCase(Locale.ROOT).hashCode();
    if (Math.floorMod(hash, HELD_OUT_SHARE) == 0) {
      heldOutRows.add(row);
      heldOut.add(new Line(rendered, response, false));
    } else {
      dialogues++;
      // There are so few dialogues that what the prompts say is worth learning too.
      training.add(new Line(rendered, response, true));
    }
  }

  @Override
  public List<Line> training() {
    return Collections.unmodifiableList(training);
  }

  @Override
  public List<Line> heldOut() {
    return Collections.unmodifiableList(heldOut);
  }

  @Override
  public List<Map<String, Object>> heldOutRows() {
    return List.copyOf(heldOutRows);
  }
}
