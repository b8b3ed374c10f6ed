# A Llama-family causal language model with a KV cache, in TorchScript.
#
# Dimensions: N sequences, T appended positions, S cached positions, H query heads, K key-value heads, G = H / K, D head
# width, C hidden width, V vocabulary, M asked positions, L layers, B slots of the cache, P its positions.
#
# ScriptArchive.java wraps this file in the archive that libtorch loads. Serialised TorchScript is a strict subset of Python:
# annotated literals, explicit self types, dtypes as numbers (4 int64, 6 fp32, 15 bf16).

class CausalLm(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  heads : int
  kv_heads : int
  head_dim : int
  eps : float
  loaded : Dict[str, Tensor]
  embed : List[Tensor]
  head : List[Tensor]
  final_norm : List[Tensor]
  norm_attn : List[Tensor]
  norm_mlp : List[Tensor]
  qkv : List[Tensor]
  qkv_bias : List[Tensor]
  out : List[Tensor]
  out_bias : List[Tensor]
  gate_up : List[Tensor]
  gate_up_bias : List[Tensor]
  down : List[Tensor]
  down_bias : List[Tensor]
  rope : List[Tensor]
  params : List[Tensor]
  moment1 : List[Tensor]
  moment2 : List[Tensor]

  # ---- loading -------------------------------------------------------------------------------------------------------------

  # Maps one tensor of a safetensors file into memory and casts it. `first` counts elements of dtype `stored` from the file's
  # first byte.
  def load(self: __torch__.CausalLm, path: str, name: str, stored: int, first: int, shape: List[int], dtype: int, device: str) -> None:
    count = 1
    for i in range(len(shape)):
      count = count * shape[i]
    whole = torch.from_file(path, False, first + count, dtype=stored)
    part = torch.reshape(torch.slice(whole, 0, first, first + count, 1), shape)
    self.loaded[name] = torch.to(part, torch.device(device), dtype)
    return None

  def joined(self: __torch__.CausalLm, layer: str, names: List[str], suffix: str) -> List[Tensor]:
    parts = annotate(List[Tensor], [])
    for i in range(len(names)):
      name = layer + names[i] + suffix
      if name in self.loaded:
        _0 = torch.append(parts, self.loaded[name])
    if len(parts) > 1:
      return [torch.cat(parts, 0)]
    return parts

  # Arranges the loaded tensors for the forward: projections that read the same input become one matrix.
  def assemble(self: __torch__.CausalLm, layers: int, heads: int, kv_heads: int, head_dim: int, eps: float, context: int, rope_kind: str, rope_settings: List[float]) -> None:
    self.heads = heads
    self.kv_heads = kv_heads
    self.head_dim = head_dim
    self.eps = eps
    self.embed = [self.loaded["model.embed_tokens.weight"]]
    self.head = self.embed
    if "lm_head.weight" in self.loaded:
      self.head = [self.loaded["lm_head.weight"]]
    self.final_norm = [self.loaded["model.norm.weight"]]
    for i in range(layers):
      layer = "model.layers." + str(i) + "."
      _0 = torch.append(self.norm_attn, self.loaded[layer + "input_layernorm.weight"])
      _1 = torch.append(self.norm_mlp, self.loaded[layer + "post_attention_layernorm.weight"])
      attention = layer + "self_attn."
      mlp = layer + "mlp."
      projections = ["q_proj", "k_proj", "v_proj"]
      gates = ["gate_proj", "up_proj"]
      torch.extend(self.qkv, (self).joined(attention, projections, ".weight", ))
      torch.extend(self.qkv_bias, (self).joined(attention, projections, ".bias", ))
      torch.extend(self.out, (self).joined(attention, ["o_proj"], ".weight", ))
      torch.extend(self.out_bias, (self).joined(attention, ["o_proj"], ".bias", ))
      torch.extend(self.gate_up, (self).joined(mlp, gates, ".weight", ))
      torch.extend(self.gate_up_bias, (self).joined(mlp, gates, ".bias", ))
      torch.extend(self.down, (self).joined(mlp, ["down_proj"], ".weight", ))
      torch.extend(self.down_bias, (self).joined(mlp, ["down_proj"], ".bias", ))
    self.loaded = annotate(Dict[str, Tensor], {})
    self.rope = (self).rope_tables(context, rope_kind, rope_settings, self.embed[0], )
    return None

  # Rotary embedding: cosines and sines [context, D], the sines' first half negated, since rotate_half is a roll by D / 2.
  # Settings: base, factor, low_freq_factor, high_freq_factor, original context.
  def rope_tables(self: __torch__.CausalLm, context: int, kind: str, settings: List[float], like: Tensor) -> List[Tensor]:
    steps = torch.arange(0, self.head_dim, 2, dtype=4, device=like.device)
    inverse = torch.reciprocal(torch.pow(settings[0], torch.div(torch.to(steps, 6), self.head_dim)))
    if kind == "linear":
      inverse = torch.div(inverse, settings[1])
    if kind == "llama3":
      wavelength = torch.mul(torch.reciprocal(inverse), 6.283185307179586)
      low_wavelength = settings[4] / settings[2]
      high_wavelength = settings[4] / settings[3]
      scaled = torch.div(inverse, settings[1])
      smooth = torch.div(torch.sub(torch.mul(torch.reciprocal(wavelength), settings[4]), settings[2]), settings[3] - settings[2])
      between = torch.add(torch.mul(torch.rsub(smooth, 1.0), scaled), torch.mul(smooth, inverse))
      inverse = torch.where(torch.gt(wavelength, low_wavelength), scaled, torch.where(torch.lt(wavelength, high_wavelength), inverse, between))
    angles = torch.outer(torch.to(torch.arange(context, dtype=4, device=like.device), 6), inverse)
    sines = torch.sin(angles)
    cosines = torch.cos(angles)
    return [torch.cat([cosines, cosines], -1), torch.cat([torch.neg(sines), sines], -1)]

  # ---- the network ---------------------------------------------------------------------------------------------------------

  def norm(self: __torch__.CausalLm, x: Tensor, weight: Tensor) -> Tensor:
    wide = torch.to(x, 6)
    scale = torch.rsqrt(torch.add(torch.mean(torch.mul(wide, wide), [-1], True), self.eps))
    return torch.mul(torch.to(torch.mul(wide, scale), weight.dtype), weight)

  def linear(self: __torch__.CausalLm, x: Tensor, weights: List[Tensor], biases: List[Tensor], i: int) -> Tensor:
    if len(biases) > 0:
      return torch.linear(x, weights[i], biases[i])
    return torch.linear(x, weights[i])

  # x [N, T, C] -> queries [N, T, H, D], keys [N, T, K, D], values [N, T, K, D]; queries and keys rotated.
  def project(self: __torch__.CausalLm, x: Tensor, i: int, cos: Tensor, sin: Tensor) -> List[Tensor]:
    n = torch.size(x, 0)
    t = torch.size(x, 1)
    all = torch.view((self).linear(x, self.qkv, self.qkv_bias, i, ), [n, t, self.heads + self.kv_heads * 2, self.head_dim])
    rotating = self.heads + self.kv_heads
    qk = torch.narrow(all, 2, 0, rotating)
    half = self.head_dim // 2
    rotated = torch.add(torch.mul(qk, cos), torch.mul(torch.roll(qk, [half], [3]), sin))
    return [torch.narrow(rotated, 2, 0, self.heads), torch.narrow(rotated, 2, self.heads, self.kv_heads), torch.narrow(all, 2, rotating, self.kv_heads)]

  # q [N, T, H, D], k and v [N, S, K, D], mask [N, 1, G * T, S] or none -> [N, T, H * D]. The G query heads of a key-value
  # head stand below each other, so that keys and values are never copied per query head.
  def attend(self: __torch__.CausalLm, q: Tensor, k: Tensor, v: Tensor, mask: Optional[Tensor], causal: bool) -> Tensor:
    n = torch.size(q, 0)
    t = torch.size(q, 1)
    g = self.heads // self.kv_heads
    grouped = torch.reshape(torch.permute(torch.reshape(q, [n, t, self.kv_heads, g, self.head_dim]), [0, 2, 3, 1, 4]), [n, self.kv_heads, g * t, self.head_dim])
    mixed = torch.scaled_dot_product_attention(grouped, torch.transpose(k, 1, 2), torch.transpose(v, 1, 2), mask, 0., causal)
    return torch.reshape(torch.permute(torch.reshape(mixed, [n, self.kv_heads, g, t, self.head_dim]), [0, 3, 1, 2, 4]), [n, t, self.heads * self.head_dim])

  def mlp(self: __torch__.CausalLm, x: Tensor, i: int) -> Tensor:
    both = (self).linear(x, self.gate_up, self.gate_up_bias, i, )
    width = torch.size(both, 2) // 2
    inner = torch.mul(torch.silu(torch.narrow(both, 2, 0, width)), torch.narrow(both, 2, width, width))
    return (self).linear(inner, self.down, self.down_bias, i, )

  # ---- inference -----------------------------------------------------------------------------------------------------------

  # The KV cache of one task: [L, 2, B, P, K, D].
  def new_cache(self: __torch__.CausalLm, slots: int, positions: int) -> Tensor:
    weight = self.embed[0]
    return torch.zeros([len(self.qkv), 2, slots, positions, self.kv_heads, self.head_dim], dtype=weight.dtype, device=weight.device)

  # A larger cache with the old one's contents.
  def grow(self: __torch__.CausalLm, cache: Tensor, slots: int, positions: int) -> Tensor:
    larger = (self).new_cache(slots, positions, )
    part = torch.narrow(torch.narrow(larger, 2, 0, torch.size(cache, 2)), 3, 0, torch.size(cache, 3))
    _0 = torch.copy_(part, cache)
    return larger

  # Copies the first `length` positions of a slot to other slots.
  def fork(self: __torch__.CausalLm, cache: Tensor, source: int, to: int, length: int) -> None:
    prefix = torch.narrow(cache, 3, 0, length)
    _0 = torch.copy_(torch.select(prefix, 2, to), torch.select(prefix, 2, source))
    return None

  # Moves the given positions of a slot, ascending, to the positions from `first` on.
  def keep(self: __torch__.CausalLm, cache: Tensor, slot: int, positions: Tensor, first: int) -> None:
    row = torch.select(cache, 2, slot)
    kept = torch.index_select(row, 2, torch.to(positions, cache.device))
    _0 = torch.copy_(torch.narrow(row, 2, first, torch.size(kept, 2)), kept)
    return None

  # One batched forward. All of `plan` is int64 on the CPU:
  #   ids [N, T] right-padded; start [N] positions held before; slots [N]; consecutive: whether slots count up by one;
  #   depth [N, T] and seen [N, T, T] for trees (empty tensors for chains): a node's distance from the sequence's end, and
  #   which appended nodes it sees; asked [M] flat indices into N * T; k; gather [M, X] ids (or empty); want_rows.
  # Returns argmax [M], its log-probability [M], top ids [M, k], their log-probabilities [M, k], gathered [M, X],
  # rows [M, V] (those four empty unless wanted), and the margin [M] by which the arg max and the set of top ids were decided.
  def forward(self: __torch__.CausalLm, cache: Tensor, ids: Tensor, start: Tensor, slots: Tensor, consecutive: bool, span: int, depth: Tensor, seen: Tensor, asked: Tensor, k: int, gather: Tensor, want_rows: bool) -> List[Tensor]:
    device = cache.device
    n = torch.size(ids, 0)
    t = torch.size(ids, 1)
    ids0 = torch.to(ids, device)
    start0 = torch.to(start, device)
    slots0 = torch.to(slots, device)
    columns = torch.arange(t, dtype=4, device=device)
    writes = torch.add(torch.unsqueeze(start0, 1), columns)
    tree = torch.numel(depth) > 0
    places = writes
    if tree:
      places = torch.add(torch.unsqueeze(start0, 1), torch.to(depth, device))
    places = torch.clamp(places, 0, torch.size(self.rope[0], 0) - 1)
    cells = torch.reshape(torch.add(writes, torch.unsqueeze(torch.mul(slots0, torch.size(cache, 3)), 1)), [-1])
    x = torch.embedding(self.embed[0], ids0)
    cos = torch.to(torch.unsqueeze(torch.embedding(self.rope[0], places), 2), x.dtype)
    sin = torch.to(torch.unsqueeze(torch.embedding(self.rope[1], places), 2), x.dtype)
    mask = annotate(Optional[Tensor], None)
    if t > 1 or n > 1:
      keys = torch.arange(span, dtype=4, device=device)
      visible = torch.le(keys, torch.unsqueeze(writes, 2))
      if tree:
        visible = torch.lt(keys, torch.unsqueeze(torch.unsqueeze(start0, 1), 2))
        visible = torch.logical_or(visible, torch.zeros([n, t, span], dtype=11, device=device))
        offsets = torch.expand(torch.unsqueeze(writes, 1), [n, t, t])
        visible = torch.scatter(visible, 2, offsets, torch.to(seen, device, 11))
      closed = torch.zeros([n, t, span], dtype=x.dtype, device=device)
      closed = torch.masked_fill(closed, torch.logical_not(visible), -inf)
      mask = torch.repeat(torch.unsqueeze(closed, 1), [1, 1, self.heads // self.kv_heads, 1])
    first = int(torch.item(torch.select(slots, 0, 0)))
    for i in range(len(self.qkv)):
      q, k0, v0, = (self).project((self).norm(x, self.norm_attn[i], ), i, cos, sin, )
      layer = torch.select(cache, 0, i)
      kc = torch.select(layer, 0, 0)
      vc = torch.select(layer, 0, 1)
      _0 = torch.index_copy_(torch.flatten(kc, 0, 1), 0, cells, torch.reshape(k0, [n * t, self.kv_heads, self.head_dim]))
      _1 = torch.index_copy_(torch.flatten(vc, 0, 1), 0, cells, torch.reshape(v0, [n * t, self.kv_heads, self.head_dim]))
      kc = torch.narrow(kc, 1, 0, span)
      vc = torch.narrow(vc, 1, 0, span)
      if consecutive:
        kc = torch.narrow(kc, 0, first, n)
        vc = torch.narrow(vc, 0, first, n)
      else:
        kc = torch.index_select(kc, 0, slots0)
        vc = torch.index_select(vc, 0, slots0)
      mixed = (self).attend(q, kc, vc, mask, False, )
      x = torch.add(x, (self).linear(mixed, self.out, self.out_bias, i, ))
      x = torch.add(x, (self).mlp((self).norm(x, self.norm_mlp[i], ), i, ))
    if torch.numel(asked) == 0:
      return annotate(List[Tensor], [])
    hidden = torch.index_select(torch.flatten(x, 0, 1), 0, torch.to(asked, device))
    logits = torch.to(torch.linear((self).norm(hidden, self.final_norm[0], ), self.head[0]), 6)
    return (self).scores(logits, k, gather, want_rows, )

  # Ties go to the lower id: arg max returns the first of equals, and a stable sort keeps their order.
  def scores(self: __torch__.CausalLm, logits: Tensor, k: int, gather: Tensor, want_rows: bool) -> List[Tensor]:
    total = torch.logsumexp(logits, [-1], True)
    best = torch.argmax(logits, -1, True)
    nothing = torch.empty([0], dtype=6)
    top = torch.empty([0], dtype=4)
    top_scores = nothing
    if k > 16:
      values, order = torch.sort(logits, stable=True, dim=-1, descending=True)
      top = torch.narrow(order, 1, 0, k)
    elif k > 0:
      left = torch.clone(logits)
      chosen = annotate(List[Tensor], [])
      for i in range(k):
        id = torch.argmax(left, -1, True)
        _0 = torch.append(chosen, id)
        _1 = torch.scatter_(left, 1, id, -inf)
      top = torch.cat(chosen, 1)
    if k > 0:
      top_scores = torch.cpu(torch.sub(torch.gather(logits, 1, top), total))
    gathered = nothing
    if torch.numel(gather) > 0:
      gathered = torch.cpu(torch.sub(torch.gather(logits, 1, torch.to(gather, logits.device)), total))
    rows = nothing
    if want_rows:
      rows = torch.cpu(torch.sub(logits, total))
    best_scores = torch.sub(torch.gather(logits, 1, best), total)
    wanted = min(max(k, 1) + 1, torch.size(logits, 1))
    highest, _2 = torch.topk(logits, wanted)
    margin = torch.sub(torch.select(highest, 1, 0), torch.select(highest, 1, 1))
    if k > 1 and wanted > k:
      margin = torch.minimum(margin, torch.sub(torch.select(highest, 1, k - 1), torch.select(highest, 1, k)))
    return [torch.cpu(torch.squeeze(best, 1)), torch.cpu(torch.squeeze(best_scores, 1)), torch.cpu(top), top_scores, gathered, rows, torch.cpu(margin)]

  # ---- training ------------------------------------------------------------------------------------------------------------

  # params: embedding, final norm, then per layer attention norm, MLP norm, qkv, out, gate and up, down. Updated in place.
  def start_training(self: __torch__.CausalLm, params: List[Tensor], moment1: List[Tensor], moment2: List[Tensor], heads: int, kv_heads: int, head_dim: int, eps: float) -> None:
    self.params = params
    self.moment1 = moment1
    self.moment2 = moment2
    self.heads = heads
    self.kv_heads = kv_heads
    self.head_dim = head_dim
    self.eps = eps
    return None

  # Binds the forward to copies of the parameters in the compute dtype; the embedding, and so the residual stream, stays fp32.
  def bind(self: __torch__.CausalLm, params: List[Tensor], dtype: int) -> None:
    self.embed = [params[0]]
    self.head = [torch.to(params[0], dtype)]
    self.final_norm = [torch.to(params[1], dtype)]
    self.norm_attn = annotate(List[Tensor], [])
    self.norm_mlp = annotate(List[Tensor], [])
    self.qkv = annotate(List[Tensor], [])
    self.out = annotate(List[Tensor], [])
    self.gate_up = annotate(List[Tensor], [])
    self.down = annotate(List[Tensor], [])
    for i in range((len(params) - 2) // 6):
      p = i * 6 + 2
      _0 = torch.append(self.norm_attn, torch.to(params[p], dtype))
      _1 = torch.append(self.norm_mlp, torch.to(params[p + 1], dtype))
      _2 = torch.append(self.qkv, torch.to(params[p + 2], dtype))
      _3 = torch.append(self.out, torch.to(params[p + 3], dtype))
      _4 = torch.append(self.gate_up, torch.to(params[p + 4], dtype))
      _5 = torch.append(self.down, torch.to(params[p + 5], dtype))
    return None

  # Mean cross entropy at the asked positions. ids [N, T] right-padded: padding is never asked and nothing before it sees it.
  def mean_loss(self: __torch__.CausalLm, ids: Tensor, asked: Tensor, labels: Tensor, dropout: float) -> Tensor:
    n = torch.size(ids, 0)
    t = torch.size(ids, 1)
    if len(self.rope) == 0:
      self.rope = (self).rope_tables(512, "default", [10000.], ids, )
    x = torch.dropout(torch.embedding(self.embed[0], ids), dropout, True)
    dtype = self.head[0].dtype
    cos = torch.to(torch.unsqueeze(torch.slice(self.rope[0], 0, 0, t, 1), 1), dtype)
    sin = torch.to(torch.unsqueeze(torch.slice(self.rope[1], 0, 0, t, 1), 1), dtype)
    for i in range(len(self.qkv)):
      q, k, v, = (self).project((self).norm(x, self.norm_attn[i], ), i, cos, sin, )
      mixed = (self).attend(q, k, v, None, True, )
      x = torch.add(x, torch.dropout((self).linear(mixed, self.out, self.out_bias, i, ), dropout, True))
      x = torch.add(x, torch.dropout((self).mlp((self).norm(x, self.norm_mlp[i], ), i, ), dropout, True))
    hidden = torch.index_select(torch.flatten(x, 0, 1), 0, asked)
    logits = torch.to(torch.linear((self).norm(hidden, self.final_norm[0], ), self.head[0]), 6)
    return torch.cross_entropy_loss(logits, labels)

  # settings: learning rate, weight decay, dropout, gradient norm limit, step (from 1), compute dtype. One AdamW step.
  def train_step(self: __torch__.CausalLm, ids: Tensor, asked: Tensor, labels: Tensor, settings: Tensor) -> Tensor:
    rate = float(torch.item(settings[0]))
    decay = float(torch.item(settings[1]))
    dropout = float(torch.item(settings[2]))
    limit = float(torch.item(settings[3]))
    step = float(torch.item(settings[4]))
    dtype = float(torch.item(settings[5]))
    leaves = annotate(List[Tensor], [])
    for i in range(len(self.params)):
      _0 = torch.append(leaves, torch.requires_grad_(torch.detach(self.params[i]), True))
    (self).bind(leaves, int(dtype), )
    loss = (self).mean_loss(ids, asked, labels, dropout, )
    torch.backward(loss)
    squares = annotate(List[Tensor], [])
    for i in range(len(leaves)):
      gradient = leaves[i].grad
      _1 = torch.append(squares, torch.sum(torch.mul(gradient, gradient)))
    norm = float(torch.item(torch.sqrt(torch.sum(torch.stack(squares)))))
    scale = 1.
    if norm > limit:
      scale = limit / norm
    correction1 = 1. - 0.9 ** step
    correction2 = 1. - 0.98 ** step
    for i in range(len(leaves)):
      gradient = torch.mul(torch.detach(leaves[i].grad), scale)
      m = self.moment1[i]
      v = self.moment2[i]
      _2 = torch.add_(torch.mul_(m, 0.9), gradient, alpha=0.1)
      _3 = torch.addcmul_(torch.mul_(v, 0.98), gradient, gradient, value=0.02)
      p = self.params[i]
      if torch.dim(p) > 1:
        _4 = torch.mul_(p, 1. - rate * decay)
      root = torch.add(torch.sqrt(torch.div(v, correction2)), 1e-8)
      _5 = torch.addcdiv_(p, m, root, value=-(rate / correction1))
    return torch.detach(loss)

  # The loss without dropout, summed over the asked positions.
  def evaluate(self: __torch__.CausalLm, ids: Tensor, asked: Tensor, labels: Tensor) -> Tensor:
    (self).bind(self.params, 6, )
    return torch.mul(torch.detach((self).mean_loss(ids, asked, labels, 0., )), torch.size(labels, 0))
