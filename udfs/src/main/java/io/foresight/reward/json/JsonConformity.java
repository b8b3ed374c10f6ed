package io.foresight.reward.json;

import io.foresight.decoding.RowFault;
import io.foresight.reward.Columns;
import io.foresight.reward.RewardFactory;
import io.foresight.reward.RewardFunction;
import io.foresight.reward.RewardSettings;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Whether a text is JSON that a schema allows. A text that is no JSON value scores half the share
 * of its characters up to where it parses, always less than 1/2; one that is scores 1/2 and half
 * the share of the schema that it meets: 1 if it is valid, and only then.
 *
 * <p>The share is that of an object's parts that are right: the object itself, each property that
 * the schema requires, and each that it has and the schema declares or complains of. A property
 * that is missing counts 0, one without a fault 1, others their own share. An array's parts are
 * itself and its items. A value of a wrong type counts 0, whatever is in it.
 *
 * <p>Only finished texts are judged. White space around the value does not matter. JSON nested
 * deeper than {@value JsonText#DEEPEST} does not parse there, nor does a number beyond a double.
 */
public final class JsonConformity implements RewardFunction {

  private final Optional<Schema> schema;
  private final Optional<String> schemaColumn;
  private final boolean extract;

  /**
   * Expects JSON.
   *
   * @param schema JSON text, for rows that have no schema of their own; one that refers to another
   *     document is refused, since nothing is ever fetched
   * @param schemaColumn column of a row's own schema, JSON text; a row without any is not judged
   * @param extract whether the objects and arrays in the text are judged, whatever stands around
   *     them: the best of them counts
   * @throws IllegalArgumentException if {@code schema} cannot be used
   */
  public JsonConformity(Optional<String> schema, Optional<String> schemaColumn, boolean extract) {
    this.schema = schema.map(Schema::of);
    this.schemaColumn = schemaColumn;
    this.extract = extract;
  }

  /** Makes it from {@code schema}, {@code schema-column} and {@code extract}. */
  public static final class Factory implements RewardFactory {

    @Override
    public String type() {
      return "json-schema";
    }

    @Override
    public RewardFunction create(RewardSettings settings) {
      Optional<String> schema = settings.optionalText("schema");
      Optional<String> column = settings.optionalColumn("schema-column");
      boolean extract = settings.flag("extract", false);
      if (schema.isEmpty() && column.isEmpty()) {
        settings.problem("schema", "it is needed. Give JSON text, or schema-column.");
      }
      try {
        return new JsonConformity(schema, column, extract);
      } catch (IllegalArgumentException e) {
        settings.problem("schema", e.getMessage());
        return new JsonConformity(Optional.empty(), column, extract);
      }
    }
  }

  /**
   * Prepares the reward for one row.
   *
   * @throws RowFault if the row's schema cannot be used
   */
  @Override
  public Optional<RowReward> forRow(Map<String, Object> row) {
    Optional<Schema> own = schemaColumn.flatMap(column -> Columns.text(row, column)).map(this::own);
    return own.or(() -> schema).map(Valid::new);
  }

  private Schema own(String text) {
    try {
      return Schema.of(text);
    } catch (IllegalArgumentException e) {
      throw new RowFault(
          RowFault.Kind.INPUT,
          "Cannot use the schema of column %s: %s"
              .formatted(schemaColumn.orElseThrow(), e.getMessage()),
          e);
    }
  }

  private final class Valid implements RowReward {

    private final Schema schema;

    Valid(Schema schema) {
      this.schema = schema;
    }

    @Override
    public double reward(String text, boolean finished) {
      if (!extract) {
        return score(JsonText.of(text), text.length());
      }
      List<JsonText.Found> all = JsonText.in(text);
      // All from where the first one begins, so that a bracket at the end is worth little.
      int length = all.isEmpty() ? 0 : text.length() - all.get(0).from();
      return all.stream().mapToDouble(found -> score(found.json(), length)).max().orElse(0);
    }

    private double score(JsonText json, int length) {
      return json.value()
          .map(value -> 0.5 + 0.5 * schema.share(value))
          .orElse(0.5 * json.parsed() / (length + 1));
    }

    @Override
    public boolean judgesUnfinished() {
      return false;
    }

    /** What closes the text, if it is JSON then. */
    @Override
    public List<String> hints(String text) {
      String json = open(text);
      String closing = JsonText.closing(json);
      boolean closes = !closing.isEmpty() && JsonText.of(json + closing).value().isPresent();
      return closes ? List.of(closing) : List.of();
    }

    /** What would be JSON if it were closed. */
    private String open(String text) {
      List<JsonText.Found> all = extract ? JsonText.in(text) : List.of();
      return all.isEmpty() ? text : text.substring(all.get(all.size() - 1).from());
    }
  }
}
