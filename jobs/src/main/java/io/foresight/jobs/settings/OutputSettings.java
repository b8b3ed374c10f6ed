package io.foresight.jobs.settings;

import io.foresight.settings.Setting;
import io.foresight.settings.SettingGroup;
import io.foresight.spark.rows.RowFormat;
import java.util.List;

/** The settings of where rows go, and how a run is cut. */
public final class OutputSettings implements SettingGroup {

  public static final Setting<String> PATH =
      Setting.location("output.path", "")
          .changes(Setting.Effect.NOTHING)
          .does("Folder to write to; empty: a new folder output/generate-<time in UTC>");

  public static final Setting<RowFormat> FORMAT =
      Setting.choice("output.format", RowFormat.PARQUET).does("parquet, jsonl");

  public static final Setting<Boolean> OVERWRITE =
      Setting.flag("output.overwrite", false)
          .changes(Setting.Effect.NOTHING)
          .does(
              "Replace an output that exists, once the new one is whole. A run of the same settings that is not finished goes on instead");

  public static final Setting<Integer> SHARD_ROWS =
      Setting.whole("run.shard-rows", 500, 1)
          .changes(Setting.Effect.NOTHING)
          .does(
              "Rows per shard, which is a task, a file of the output, and what a killed run loses at most per task slot; at least 1. Smaller where there would be fewer than four shards per slot. A run keeps those that it began with");

  public static final Setting<Double> MAX_ERROR_FRACTION =
      Setting.number("run.max-error-fraction", 0.5, value -> value >= 0 && value <= 1, "in [0, 1]")
          .changes(Setting.Effect.NOTHING)
          .does(
              "Share of the rows that may be errors, in [0, 1]; a run with more ends, and keeps what is there");

  @Override
  public List<Setting<?>> settings() {
    return Setting.declaredIn(OutputSettings.class);
  }
}
