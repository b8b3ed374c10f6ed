package io.foresight.jobs.measure;

import io.foresight.jobs.metrics.ApproximateRandomization;
import io.foresight.jobs.metrics.Bootstrap;
import io.foresight.jobs.metrics.Holm;
import io.foresight.jobs.metrics.Metric;
import io.foresight.jobs.metrics.MetricSet;
import io.foresight.jobs.report.ReportData.PairedTest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;

/** Paired tests between variants. */
public final class Comparisons {

  /** Of more variants than this each is held against the first alone. */
  private static final int MOST_ALL_PAIRS = 8;

  private Comparisons() {}

  /**
   * The tests of all metrics of quality that two variants share on a data set, each pair of them
   * or, of many, each against the first; corrected for their number.
   *
   * @param variants of one data set or several, in the order asked for
   */
  public static List<PairedTest> of(List<VariantRows> variants) {
    List<PairedTest> tests = new ArrayList<>();
    for (String dataset :
        variants.stream().map(one -> one.source().dataset()).distinct().toList()) {
      List<VariantRows> there =
          variants.stream().filter(one -> one.source().dataset().equals(dataset)).toList();
      int firsts = there.size() > MOST_ALL_PAIRS ? 1 : there.size();
      for (int i = 0; i < firsts; i++) {
        for (int j = i + 1; j < there.size(); j++) {
          test(there.get(i), there.get(j), tests);
        }
      }
    }
    return corrected(tests);
  }

  /**
   * With Holm's correction. Metrics that say the same of every row, as hard coverage and satisfied
   * do where coverage is all that is asked for, are one question and count once.
   */
  private static List<PairedTest> corrected(List<PairedTest> tests) {
    List<PairedTest> questions = new ArrayList<>();
    int[] question = new int[tests.size()];
    for (int i = 0; i < question.length; i++) {
      PairedTest test = tests.get(i);
      question[i] = 0;
      while (question[i] < questions.size() && !isSame(questions.get(question[i]), test)) {
        question[i]++;
      }
      if (question[i] == questions.size()) {
        questions.add(test);
      }
    }
    double[] adjusted = Holm.adjusted(questions.stream().mapToDouble(PairedTest::p).toArray());
    List<PairedTest> corrected = new ArrayList<>();
    for (int i = 0; i < question.length; i++) {
      PairedTest of = tests.get(i);
      corrected.add(
          new PairedTest(
              of.metric(),
              of.dataset(),
              of.first(),
              of.second(),
              of.difference(),
              of.low(),
              of.high(),
              of.p(),
              adjusted[question[i]]));
    }
    return corrected;
  }

  private static boolean isSame(PairedTest one, PairedTest other) {
    return one.dataset().equals(other.dataset())
        && one.first().equals(other.first())
        && one.second().equals(other.second())
        && one.difference() == other.difference()
        && one.low() == other.low()
        && one.high() == other.high()
        && one.p() == other.p();
  }

  private static void test(VariantRows first, VariantRows second, List<PairedTest> tests) {
    for (String name : first.metrics().names()) {
      Metric metric = MetricSet.isTested(name) ? VariantRows.common(first, second, name) : null;
      if (metric != null) {
        PairedTest test = test(metric, first, second);
        if (test != null) {
          tests.add(test);
        }
      }
    }
  }

  /** Over the rows for which both have the metric; {@code null} if there is none. */
  private static PairedTest test(Metric metric, VariantRows first, VariantRows second) {
    SortedMap<Long, double[]> ofFirst = first.groups(metric.name());
    SortedMap<Long, double[]> ofSecond = second.groups(metric.name());
    ofFirst.keySet().retainAll(ofSecond.keySet());
    if (ofFirst.isEmpty()) {
      return null;
    }
    Bootstrap firsts = new Bootstrap(metric.summands());
    Bootstrap seconds = new Bootstrap(metric.summands());
    List<ApproximateRandomization.Pair> pairs = new ArrayList<>();
    double[] sumOfFirst = new double[metric.summands()];
    double[] sumOfSecond = new double[metric.summands()];
    for (Map.Entry<Long, double[]> group : ofFirst.entrySet()) {
      double[] other = ofSecond.get(group.getKey());
      firsts.add(group.getKey(), group.getValue());
      seconds.add(group.getKey(), other);
      pairs.add(new ApproximateRandomization.Pair(group.getValue(), other));
      for (int i = 0; i < sumOfFirst.length; i++) {
        sumOfFirst[i] += group.getValue()[i];
        sumOfSecond[i] += other[i];
      }
    }
    Bootstrap.Interval interval = Bootstrap.ofDifference(firsts, seconds, metric::value);
    return new PairedTest(
        metric.name(),
        first.source().dataset(),
        first.source().name(),
        second.source().name(),
        metric.value(sumOfSecond) - metric.value(sumOfFirst),
        interval.low(),
        interval.high(),
        ApproximateRandomization.test(pairs, metric::value, pairs.size()),
        Double.NaN);
  }
}
