package io.foresight.decoding.budget;

/**
 * What a model's forward takes, in seconds, as far as draft lengths need to know it: so much for
 * any forward, since all weights are read, and so much for each of its positions. By a model's size
 * and its device, not by a clock, so that lengths are the same in every attempt. Immutable.
 *
 * @param fixed of a forward; above 0
 * @param position of each position; at least 0
 */
public record ForwardCost(double fixed, double position) {

  /** Of a model that says nothing of its size. */
  public static final ForwardCost UNKNOWN = new ForwardCost(1, 0.1);

  /** One sequence's part in a forward over several of so many positions each. */
  double share(int together, double positions) {
    return fixed / together + position * positions;
  }

  /** The same where {@code rows} take part in every forward. */
  public ForwardCost sharedBy(int rows) {
    return new ForwardCost(fixed / rows, position);
  }
}
