package io.foresight.model;

import io.foresight.decoding.ForwardRequest;
import java.util.ArrayList;
import java.util.List;

/**
 * A request where its forward has it.
 *
 * @param request what its sequence is extended by, and what is asked
 * @param slot its sequence
 * @param first its first position among those of all requests, packed one after another
 * @param places rotary position of each of its tokens
 */
record PlacedRequest(ForwardRequest request, ModelSession.Slot slot, int first, int[] places) {

  /** Packs requests in the order given. */
  static List<PlacedRequest> pack(List<ForwardRequest> requests) {
    List<PlacedRequest> placed = new ArrayList<>(requests.size());
    int first = 0;
    for (ForwardRequest request : requests) {
      ModelSession.Slot slot = (ModelSession.Slot) request.sequence();
      placed.add(new PlacedRequest(request, slot, first, places(request, slot.length())));
      first += request.tokens().length;
    }
    return placed;
  }

  private static int[] places(ForwardRequest request, int start) {
    int[] parents = request.parents();
    int[] places = new int[request.tokens().length];
    for (int i = 0; i < places.length; i++) {
      if (parents == null) {
        places[i] = start + i;
      } else {
        // -1 follows the last cached token, -2 the one before it.
        places[i] = (parents[i] < 0 ? start + parents[i] : places[parents[i]]) + 1;
      }
    }
    return places;
  }

  /** Tokens that are appended. */
  int width() {
    return request.tokens().length;
  }

  /** Tokens that its slot holds before. */
  int start() {
    return slot.length() - slot.shared();
  }

  /** The prefix that it shares; {@code null} for none. */
  SharedPrefix prefix() {
    return slot.prefix();
  }

  /** Tokens that it sees of that. */
  int shared() {
    return slot.shared();
  }

  /** Tokens of its sequence that a node sees which is a root of its tree. */
  int seenByRoot(int node) {
    return slot.length() + request.parents()[node] + 1;
  }

  boolean isTree() {
    return request.parents() != null;
  }

  /** Position of the token in a cell of the slot, once it is extended. */
  int place(int cell) {
    int i = cell - start();
    return i < 0 || i >= places.length ? cell + shared() : places[i];
  }
}
