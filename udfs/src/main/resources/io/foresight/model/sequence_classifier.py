# An encoder that classifies texts, in TorchScript: BERT (Devlin et al., 2019) and its relatives, with the disentangled attention of
# DeBERTa (He et al., 2021) where it is called for. What a family calls for (see EncoderFamilies.java) is a few switches.
#
# Dimensions: N texts, each padded to T tokens, of which Q are computed; H heads, D head width, C hidden width; S is the reach of
# the distances that are told apart, R those that occur.
#
# ScriptArchive.java wraps this file in the archive that libtorch loads; causal_lm.py says what that allows.

class SequenceClassifier(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  layers : int
  heads : int
  eps : float
  activation : str
  pooling : str
  reach : int
  buckets : int
  farthest : int
  score_scale : float
  convolution : str
  convolution_groups : int
  dropout : float
  weights : Dict[str, Tensor]
  distance_keys : Dict[int, Tensor]
  distance_queries : Dict[int, Tensor]
  names : List[str]
  params : List[Tensor]
  moment1 : List[Tensor]
  moment2 : List[Tensor]

  # ---- loading -------------------------------------------------------------------------------------------------------------

  # A tensor of a safetensors file, copied and cast to fp32. `first` counts elements of dtype `stored` from the file's first byte.
  def read(self: __torch__.SequenceClassifier, name: str, path: str, stored: int, first: int, shape: List[int], device: str) -> None:
    count = 1
    for i in range(len(shape)):
      count = count * shape[i]
    whole = torch.from_file(path, False, first + count, dtype=stored)
    part = torch.reshape(torch.slice(whole, 0, first, first + count, 1), shape)
    self.weights[name] = torch.to(part, torch.device(device), 6, False, True)
    return None

  # Whether no element of a tensor that was read is NaN or infinite.
  def is_finite(self: __torch__.SequenceClassifier, name: str) -> int:
    tensor = self.weights[name]
    if torch.numel(tensor) == 0:
      return 1
    least, most, = torch.aminmax(tensor, dim=None, keepdim=False)
    return int(torch.logical_and(torch.isfinite(least), torch.isfinite(most)))

  # activation: of the MLPs; pooling: of the first token's state; parts: terms that the scale of the attention's scores counts.
  def configure(self: __torch__.SequenceClassifier, layers: int, heads: int, eps: float, activation: str, pooling: str, parts: int) -> None:
    self.layers = layers
    self.heads = heads
    self.eps = eps
    self.activation = activation
    self.pooling = pooling
    self.score_scale = 1. / float(parts) ** 0.5
    return None

  # reach: distances -S to S - 1 are told apart, none if 0; buckets: of them, or 0 if each has its own; farthest: the distance of the
  # last one.
  def configure_distances(self: __torch__.SequenceClassifier, reach: int, buckets: int, farthest: int) -> None:
    self.reach = reach
    self.buckets = buckets
    self.farthest = farthest
    return None

  def configure_convolution(self: __torch__.SequenceClassifier, activation: str, groups: int) -> None:
    self.convolution = activation
    self.convolution_groups = groups
    return None

  # Projects the distances once: to keys where contents look at distances, to queries where distances look at contents.
  def finish(self: __torch__.SequenceClassifier, keys: bool, queries: bool, shared: bool, normed: bool) -> None:
    distances = torch.pop(self.weights, "distances.weight")
    if normed:
      distances = (self).layer_norm(distances, "distance_norm", )
    for i in range(self.layers):
      layer = str(i) + "."
      key = layer + "distance_key"
      query = layer + "distance_query"
      if shared:
        key = layer + "key"
        query = layer + "query"
      if keys:
        self.distance_keys[i] = (self).split((self).linear(torch.unsqueeze(distances, 0), key, ), )
      if queries:
        self.distance_queries[i] = (self).split((self).linear(torch.unsqueeze(distances, 0), query, ), )
    return None

  # ---- the network ---------------------------------------------------------------------------------------------------------

  def linear(self: __torch__.SequenceClassifier, x: Tensor, name: str) -> Tensor:
    return torch.linear(x, self.weights[name + ".weight"], self.weights[name + ".bias"])

  def layer_norm(self: __torch__.SequenceClassifier, x: Tensor, name: str) -> Tensor:
    return torch.layer_norm(x, [torch.size(x, -1)], self.weights[name + ".weight"], self.weights[name + ".bias"], self.eps)

  def activate(self: __torch__.SequenceClassifier, x: Tensor, activation: str) -> Tensor:
    if activation == "gelu":
      return torch.gelu(x, approximate="none")
    if activation == "gelu_tanh":
      return torch.gelu(x, approximate="tanh")
    if activation == "relu":
      return torch.relu(x)
    if activation == "tanh":
      return torch.tanh(x)
    return torch.silu(x)

  def drop(self: __torch__.SequenceClassifier, x: Tensor) -> Tensor:
    if self.dropout > 0.:
      return torch.dropout(x, self.dropout, True)
    return x

  # x [N, T, C] -> [N, H, T, D].
  def split(self: __torch__.SequenceClassifier, x: Tensor) -> Tensor:
    return torch.transpose(torch.reshape(x, [torch.size(x, 0), torch.size(x, 1), self.heads, -1]), 1, 2)

  # The embedding of ids at their positions [N, T] -> [N, T, C].
  def embed(self: __torch__.SequenceClassifier, ids: Tensor, positions: Tensor) -> Tensor:
    x = torch.embedding(self.weights["embed.weight"], ids)
    if "positions.weight" in self.weights:
      x = torch.add(x, torch.embedding(self.weights["positions.weight"], positions))
    if "types.weight" in self.weights:
      x = torch.add(x, torch.select(self.weights["types.weight"], 0, 0))
    if "project.weight" in self.weights:
      x = torch.linear(x, self.weights["project.weight"], None)
    return (self).drop((self).layer_norm(x, "embed_norm", ), )

  # The row of each distance from -(T - 1) to T - 1 in the table of distances: with buckets, near ones have their own and far ones share
  # theirs with others of about the same logarithm. -> [2 T - 1].
  def distance_rows(self: __torch__.SequenceClassifier, t: int, like: Tensor) -> Tensor:
    distance = torch.arange(1 - t, t, 1, dtype=4, device=like.device)
    if self.buckets > 0:
      half = self.buckets // 2
      near = torch.clamp(torch.abs(distance), half, None)
      limit = torch.log(torch.tensor((float(self.farthest) - 1.) / float(half), dtype=6, device=like.device))
      log = torch.div(torch.log(torch.div(torch.to(near, 6), float(half))), limit)
      far = torch.add(torch.ceil(torch.mul(log, half - 1)), half)
      far = torch.mul(torch.to(far, 4), torch.sign(distance))
      distance = torch.where(torch.le(torch.abs(distance), half), distance, far)
    return torch.clamp(torch.add(distance, self.reach), 0, self.reach * 2 - 1)

  # What distances add to the scores of queries [N, H, Q, D] and keys [N, H, T, D] of a layer, before it is divided by sqrt(D). rows
  # [T, T] are those of the distance from each key to each query, counted from the row `first`, of which there are R.
  def distance_scores(self: __torch__.SequenceClassifier, q: Tensor, k: Tensor, layer: int, rows: Tensor, first: int, count: int) -> List[Tensor]:
    n = torch.size(q, 0)
    t = torch.size(k, 2)
    asked = torch.slice(rows, 0, 0, torch.size(q, 2), 1)
    size = [n, self.heads, torch.size(q, 2), t]
    terms = annotate(List[Tensor], [])
    if layer in self.distance_keys:
      keys = torch.narrow(self.distance_keys[layer], 2, first, count)
      scores = torch.matmul(q, torch.transpose(keys, 2, 3))
      _0 = torch.append(terms, torch.gather(scores, 3, torch.expand(asked, size)))
    if layer in self.distance_queries:
      queries = torch.narrow(self.distance_queries[layer], 2, first, count)
      scores = torch.matmul(k, torch.transpose(queries, 2, 3))
      turned = torch.expand(torch.t(asked), [n, self.heads, t, torch.size(q, 2)])
      _1 = torch.append(terms, torch.transpose(torch.gather(scores, 3, turned), 2, 3))
    return terms

  # x [N, T, C] -> the state of its first Q tokens after a layer's attention [N, Q, C].
  def attend(self: __torch__.SequenceClassifier, x: Tensor, layer: int, asked: int, mask: Optional[Tensor], rows: Tensor, first: int, count: int) -> Tensor:
    name = str(layer) + "."
    own = torch.slice(x, 1, 0, asked, 1)
    q = (self).split((self).linear(own, name + "query", ), )
    k = (self).split((self).linear(x, name + "key", ), )
    v = (self).split((self).linear(x, name + "value", ), )
    scale = self.score_scale / float(torch.size(q, 3)) ** 0.5
    bias = mask
    if self.reach > 0:
      terms = (self).distance_scores(q, k, layer, rows, first, count, )
      for i in range(len(terms)):
        term = torch.mul(terms[i], scale)
        if bias is None:
          bias = term
        else:
          bias = torch.add(term, bias)
    mixed = torch.scaled_dot_product_attention(q, k, v, bias, 0., False, scale=scale)
    joined = torch.reshape(torch.transpose(mixed, 1, 2), torch.size(own))
    branch = (self).drop((self).linear(joined, name + "out", ), )
    return (self).layer_norm(torch.add(own, branch), name + "attention_norm", )

  def mlp(self: __torch__.SequenceClassifier, x: Tensor, layer: int) -> Tensor:
    name = str(layer) + "."
    inner = (self).activate((self).linear(x, name + "in", ), self.activation, )
    branch = (self).drop((self).linear(inner, name + "down", ), )
    return (self).layer_norm(torch.add(x, branch), name + "mlp_norm", )

  # Adds to y [N, Q, C], the first layer's output, what a convolution over its input x [N, T, C] makes of neighbours: a product of
  # matrices for each group of channels, since oneDNN's own convolution gives wrong numbers on some processors with AVX-512.
  def convolve(self: __torch__.SequenceClassifier, x: Tensor, y: Tensor, unseen: Tensor) -> Tensor:
    weight = self.weights["convolution.weight"]
    groups = self.convolution_groups
    width = torch.size(weight, 2)
    padding = (width - 1) // 2
    n = torch.size(y, 0)
    q = torch.size(y, 1)
    inside = torch.masked_fill(x, torch.unsqueeze(unseen, 2), 0.)
    padded = torch.constant_pad_nd(inside, [0, 0, padding, padding], 0)
    windows = torch.unfold(torch.slice(padded, 1, 0, q + width - 1, 1), 1, width, 1)
    grouped = torch.permute(torch.reshape(windows, [n, q, groups, -1]), [2, 0, 1, 3])
    rows = torch.reshape(grouped, [groups, n * q, -1])
    columns = torch.transpose(torch.reshape(weight, [groups, torch.size(weight, 0) // groups, -1]), 1, 2)
    mixed = torch.reshape(torch.transpose(torch.bmm(rows, columns), 0, 1), [n, q, -1])
    activated = (self).activate(torch.add(mixed, self.weights["convolution.bias"]), self.convolution, )
    return (self).layer_norm(torch.add(y, activated), "convolution_norm", )

  # ids and positions [N, T] right-padded, lengths [N] -> logits [N, labels]. What pads a text has no part in its logits.
  def forward(self: __torch__.SequenceClassifier, ids: Tensor, positions: Tensor, lengths: Tensor) -> Tensor:
    device = self.weights["embed.weight"].device
    t = torch.size(ids, 1)
    x = (self).embed(torch.to(ids, device), torch.to(positions, device), )
    unseen = torch.ge(torch.arange(t, dtype=4, device=device), torch.unsqueeze(torch.to(lengths, device), 1))
    mask = annotate(Optional[Tensor], None)
    if bool(torch.any(unseen)):
      zeros = torch.zeros([torch.size(ids, 0), 1, 1, t], dtype=6, device=device)
      mask = torch.masked_fill(zeros, torch.reshape(unseen, [-1, 1, 1, t]), -inf)
    rows = ids
    first = 0
    count = 0
    if self.reach > 0:
      of_distance = (self).distance_rows(t, x, )
      first = int(torch.item(of_distance[0]))
      count = int(torch.item(of_distance[-1])) - first + 1
      at = torch.arange(t, dtype=4, device=device)
      distance = torch.sub(torch.unsqueeze(at, 1), torch.unsqueeze(at, 0))
      rows = torch.sub(torch.embedding(torch.unsqueeze(of_distance, 1), torch.add(distance, t - 1)), first)
      rows = torch.squeeze(rows, 2)
    for i in range(self.layers):
      # Nothing reads more than the first token of the last layer.
      asked = t
      if i == self.layers - 1:
        asked = 1
      y = (self).mlp((self).attend(x, i, asked, mask, rows, first, count, ), i, )
      if i == 0:
        if "convolution.weight" in self.weights:
          y = (self).convolve(x, y, unseen, )
      x = y
    pooled = (self).drop(torch.select(x, 1, 0), )
    dense = (self).drop((self).activate((self).linear(pooled, "dense", ), self.pooling, ), )
    return torch.cpu((self).linear(dense, "label", ))

  # ---- training ------------------------------------------------------------------------------------------------------------

  # The tensors are shared with the caller, and updated in place.
  def start_training(self: __torch__.SequenceClassifier, names: List[str], params: List[Tensor], moment1: List[Tensor], moment2: List[Tensor]) -> None:
    self.names = names
    self.params = params
    self.moment1 = moment1
    self.moment2 = moment2
    return None

  # labels [N] of texts as in `forward`; settings: learning rate, weight decay, dropout, gradient norm limit, step (from 1), label
  # smoothing. One AdamW step; returns the mean cross entropy.
  def train_step(self: __torch__.SequenceClassifier, ids: Tensor, positions: Tensor, lengths: Tensor, labels: Tensor, settings: Tensor) -> Tensor:
    rate = float(torch.item(settings[0]))
    decay = float(torch.item(settings[1]))
    self.dropout = float(torch.item(settings[2]))
    limit = float(torch.item(settings[3]))
    step = float(torch.item(settings[4]))
    smoothing = float(torch.item(settings[5]))
    leaves = annotate(List[Tensor], [])
    for i in range(len(self.params)):
      leaf = torch.requires_grad_(torch.detach(self.params[i]), True)
      _0 = torch.append(leaves, leaf)
      self.weights[self.names[i]] = leaf
    logits = (self).forward(ids, positions, lengths, )
    loss = torch.cross_entropy_loss(logits, labels, None, 1, -100, smoothing)
    torch.backward(loss)
    _1 = __torch__.adamw.update(self.params, leaves, self.moment1, self.moment2, rate, decay, limit, step, )
    return torch.detach(loss)
