package io.foresight.jobs.curate.card;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count_if;

import io.foresight.jobs.curate.card.CardData.Bin;
import io.foresight.jobs.curate.card.CardData.Histogram;
import io.foresight.jobs.curate.step.Columns;
import io.foresight.jobs.curate.step.Filter;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** How words, rewards and perplexities are spread, in bins that are the same for all data. */
public final class Histograms {

  private record Figure(String name, Column value, double... edges) {}

  private Histograms() {}

  private static List<Figure> figures() {
    return List.of(
        new Figure(
            "words",
            col(Columns.WORDS).cast("double"),
            0,
            1,
            2,
            4,
            6,
            8,
            10,
            12,
            14,
            16,
            20,
            24,
            32,
            48,
            64,
            96,
            128,
            256,
            512,
            1024),
        new Figure(
            "reward", col(Columns.REWARD), 0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1),
        new Figure(
            "perplexity",
            Filter.PERPLEXITY,
            1,
            1.25,
            1.5,
            1.75,
            2,
            2.5,
            3,
            4,
            5,
            7,
            10,
            15,
            20,
            50,
            100,
            1000));
  }

  /** The histograms of figures that any row has. */
  public static List<Histogram> of(Dataset<Row> before, Dataset<Row> after) {
    long[] counted = counts(before);
    long[] left = counts(after);
    List<Histogram> histograms = new ArrayList<>();
    int at = 0;
    for (Figure figure : figures()) {
      List<Bin> bins = new ArrayList<>();
      for (int i = 0; i <= figure.edges().length; i++, at++) {
        bins.add(new Bin(label(figure.edges(), i), counted[at], left[at]));
      }
      trim(bins);
      if (!bins.isEmpty()) {
        histograms.add(new Histogram(figure.name(), List.copyOf(bins)));
      }
    }
    return histograms;
  }

  private static String label(double[] edges, int bin) {
    if (bin == 0) {
      return "below " + number(edges[0]);
    }
    return bin == edges.length
        ? number(edges[bin - 1]) + " and more"
        : number(edges[bin - 1]) + " to " + number(edges[bin]);
  }

  private static String number(double edge) {
    return edge == Math.rint(edge) ? String.valueOf((long) edge) : String.valueOf(edge);
  }

  private static void trim(List<Bin> bins) {
    while (!bins.isEmpty() && isEmpty(bins.get(0))) {
      bins.remove(0);
    }
    while (!bins.isEmpty() && isEmpty(bins.get(bins.size() - 1))) {
      bins.remove(bins.size() - 1);
    }
  }

  private static boolean isEmpty(Bin bin) {
    return bin.before() == 0 && bin.after() == 0;
  }

  private static long[] counts(Dataset<Row> rows) {
    List<Column> columns = new ArrayList<>();
    for (Figure figure : figures()) {
      double[] edges = figure.edges();
      columns.add(count_if(figure.value().lt(edges[0])));
      for (int i = 1; i < edges.length; i++) {
        columns.add(count_if(figure.value().geq(edges[i - 1]).and(figure.value().lt(edges[i]))));
      }
      columns.add(count_if(figure.value().geq(edges[edges.length - 1])));
    }
    Row row = rows.agg(columns.get(0), columns.stream().skip(1).toArray(Column[]::new)).head();
    long[] counts = new long[columns.size()];
    for (int i = 0; i < counts.length; i++) {
      counts[i] = row.getLong(i);
    }
    return counts;
  }
}
