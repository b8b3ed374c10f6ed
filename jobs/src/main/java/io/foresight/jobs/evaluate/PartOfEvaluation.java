package io.foresight.jobs.evaluate;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.foresight.jobs.output.RowsJob;
import io.foresight.jobs.settings.JobSettings;
import io.foresight.spark.Foresight;
import io.foresight.spark.run.Run;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Row;

/**
 * A job's own part of a run that is a part of an evaluation: as that job has it, but that figures
 * are told once for all runs, and not of each.
 *
 * @param job as it would be by itself
 * @param further what else makes the run this one
 * @param work the work that makes the rows
 */
record PartOfEvaluation(
    RowsJob.Kind job, Map<String, String> further, Function<JobSettings, Foresight.Work> work)
    implements RowsJob.Kind {

  /** A job as it is. */
  static PartOfEvaluation of(RowsJob.Kind job) {
    return new PartOfEvaluation(job, Map.of(), job::of);
  }

  @Override
  public String name() {
    return job.name();
  }

  @Override
  public String verb() {
    return job.verb();
  }

  @Override
  public String writer(JobSettings settings) {
    return job.writer(settings);
  }

  @Override
  public String text(JobSettings settings) {
    return job.text(settings);
  }

  @Override
  public Map<String, String> content() {
    Map<String, String> content = new TreeMap<>(job.content());
    content.putAll(further);
    return content;
  }

  @Override
  public ObjectNode described() {
    return job.described();
  }

  @Override
  public JobSettings resumed(JobSettings settings, Run run) {
    return job.resumed(settings, run);
  }

  @Override
  public Foresight.Work of(JobSettings settings) {
    return work.apply(settings);
  }

  @Override
  public void during(JobSettings settings, Runnable planning) {
    job.during(settings, planning);
  }

  @Override
  public List<Column> columns() {
    return job.columns();
  }

  @Override
  public ObjectNode figures(Row columns, double seconds) {
    return job.figures(columns, seconds);
  }

  @Override
  public String table(ObjectNode figures) {
    return "";
  }

  @Override
  public int verdict(
      JobSettings settings, ObjectNode figures, Supplier<String> error, boolean written) {
    // What a run by itself would advise after it wrote its rows is about speed.
    return job.verdict(settings, figures, error, false);
  }
}
