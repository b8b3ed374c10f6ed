# A Llama-family causal language model with a KV cache, in TorchScript.
#
# Dimensions: P appended positions of all sequences, packed one after another; N sequences of an attention group, each with T
# queries that see S cached positions; H query heads, K key-value heads, G = H / K, D head width, C hidden width,
# V vocabulary, M asked positions, L layers, B slots of the cache, E positions per slot.
#
# ScriptArchive.java wraps this file in the archive that libtorch loads. Serialised TorchScript is a strict subset of Python:
# annotated literals, explicit self types, dtypes as numbers (4 int64, 6 fp32, 12 qint8, 15 bf16).

class CausalLm(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  layers : int
  heads : int
  kv_heads : int
  head_dim : int
  eps : float
  dtype : int
  loaded : Dict[str, Tensor]
  embed : List[Tensor]
  layouts : List[int]
  matrices : List[Tensor]
  quantized : List[__torch__.torch.classes.quantized.LinearPackedParamsBase]
  biases : Dict[int, Tensor]
  rope : List[Tensor]
  params : List[Tensor]
  moment1 : List[Tensor]
  moment2 : List[Tensor]

  # ---- loading -------------------------------------------------------------------------------------------------------------

  # A tensor of a safetensors file, mapped into memory and cast. `first` counts elements of dtype `stored` from the file's first
  # byte.
  def read(self: __torch__.CausalLm, path: str, stored: int, first: int, shape: List[int], dtype: int, device: str) -> Tensor:
    count = 1
    for i in range(len(shape)):
      count = count * shape[i]
    whole = torch.from_file(path, False, first + count, dtype=stored)
    part = torch.reshape(torch.slice(whole, 0, first, first + count, 1), shape)
    return torch.to(part, torch.device(device), dtype)

  # Reads a tensor and keeps it under a name for `assemble`.
  def load(self: __torch__.CausalLm, path: str, name: str, stored: int, first: int, shape: List[int], dtype: int, device: str) -> None:
    self.loaded[name] = (self).read(path, stored, first, shape, dtype, device, )
    return None

  # Takes the named projections of one input out of what was loaded and joins them to one matrix [N, K].
  def join(self: __torch__.CausalLm, prefix: str, names: List[str], suffix: str) -> List[Tensor]:
    parts = annotate(List[Tensor], [])
    for i in range(len(names)):
      name = prefix + names[i] + suffix
      if name in self.loaded:
        _0 = torch.append(parts, torch.pop(self.loaded, name))
    if len(parts) > 1:
      return [torch.cat(parts, 0)]
    return parts

  # Adds a matrix [N, K] in the layout that multiplies fastest: 0 plain, transposed; 1 packed for oneDNN; 2 packed int8, with a
  # scale per output.
  def add_matrix(self: __torch__.CausalLm, weight: Tensor, layout: int) -> None:
    if layout == 2:
      scales = torch.div(torch.clamp(torch.amax(torch.abs(weight), [1], False), 1e-8, None), 127.)
      zeros = torch.zeros([torch.size(weight, 0)], dtype=4)
      whole = torch.quantize_per_channel(weight, scales, zeros, 0, 12)
      _0 = torch.append(self.quantized, ops.quantized.linear_prepack(whole, None))
      _1 = torch.append(self.matrices, torch.empty([0], dtype=6))
      _2 = torch.append(self.layouts, 2)
      return None
    # A call of oneDNN costs more than it saves where the matrix is small.
    if layout == 1 and torch.numel(weight) >= 65536:
      # Packed for 64 positions, which measured well at any number of them.
      _3 = torch.append(self.matrices, ops.mkldnn._reorder_linear_weight(weight, 64))
      _4 = torch.append(self.layouts, 1)
    else:
      _5 = torch.append(self.matrices, torch.contiguous(torch.t(weight)))
      _6 = torch.append(self.layouts, 0)
    return None

  # Adds the projections `names` of one layer; `scale` is the weight of the norm before them, which is folded in.
  def add_projection(self: __torch__.CausalLm, prefix: str, names: List[str], scale: List[Tensor], layout: int) -> None:
    weight = (self).join(prefix, names, ".weight", )[0]
    if len(scale) > 0:
      weight = torch.mul(weight, scale[0])
    bias = (self).join(prefix, names, ".bias", )
    if len(bias) > 0:
      self.biases[len(self.layouts)] = bias[0]
    (self).add_matrix(weight, layout, )
    return None

  # Arranges the loaded tensors for the forward: projections that read the same input become one matrix. Their order is qkv,
  # out, gate and up, down of each layer, then the LM head.
  def assemble(self: __torch__.CausalLm, layers: int, heads: int, kv_heads: int, head_dim: int, eps: float, context: int, rope_kind: str, rope_settings: List[float], layout: int) -> None:
    self.layers = layers
    self.heads = heads
    self.kv_heads = kv_heads
    self.head_dim = head_dim
    self.eps = eps
    for i in range(layers):
      layer = "model.layers." + str(i) + "."
      attention = layer + "self_attn."
      mlp = layer + "mlp."
      before_attention = [torch.pop(self.loaded, layer + "input_layernorm.weight")]
      before_mlp = [torch.pop(self.loaded, layer + "post_attention_layernorm.weight")]
      (self).add_projection(attention, ["q_proj", "k_proj", "v_proj"], before_attention, layout, )
      (self).add_projection(attention, ["o_proj"], annotate(List[Tensor], []), layout, )
      (self).add_projection(mlp, ["gate_proj", "up_proj"], before_mlp, layout, )
      (self).add_projection(mlp, ["down_proj"], annotate(List[Tensor], []), layout, )
    self.embed = [self.loaded["model.embed_tokens.weight"]]
    self.dtype = self.embed[0].dtype
    head = self.embed[0]
    if "lm_head.weight" in self.loaded:
      head = self.loaded["lm_head.weight"]
    (self).add_matrix(torch.mul(head, self.loaded["model.norm.weight"]), layout, )
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

  # RMS norm in the dtype of the layers; its weight is folded into the matrix that follows.
  def norm(self: __torch__.CausalLm, x: Tensor) -> Tensor:
    wide = torch.to(x, 6)
    scale = torch.rsqrt(torch.add(torch.mean(torch.mul(wide, wide), [-1], True), self.eps))
    return torch.to(torch.mul(wide, scale), self.dtype)

  # x [P, K] times the matrix `at` -> [P, N].
  def linear(self: __torch__.CausalLm, x: Tensor, at: int) -> Tensor:
    layout = self.layouts[at]
    if layout == 1:
      y = ops.mkldnn._linear_pointwise(x, self.matrices[at], None, "none", annotate(List[Optional[number]], []), "")
    elif layout == 2:
      y = ops.quantized.linear_dynamic(x, self.quantized[at], False)
    else:
      y = torch.mm(x, self.matrices[at])
    if at in self.biases:
      y = torch.add(y, self.biases[at])
    return y

  # x [P, C] -> queries, keys and values [P, H + 2 K, D], queries and keys rotated in place.
  def project(self: __torch__.CausalLm, x: Tensor, layer: int, cos: Tensor, sin: Tensor) -> Tensor:
    all = torch.view((self).linear((self).norm(x, ), layer * 4, ), [-1, self.heads + self.kv_heads * 2, self.head_dim])
    qk = torch.narrow(all, 1, 0, self.heads + self.kv_heads)
    turned = torch.mul(torch.roll(qk, [self.head_dim // 2], [2]), sin)
    _0 = torch.add_(torch.mul_(qk, cos), turned)
    return all

  # q [N, T, H, D], k and v [N, S, K, D], mask [N, 1, G * T, S] or none -> [N * T, H * D]. The G query heads of a key-value head
  # stand below each other, so that keys and values are never copied per query head.
  def attend(self: __torch__.CausalLm, q: Tensor, k: Tensor, v: Tensor, mask: Optional[Tensor], causal: bool) -> Tensor:
    n = torch.size(q, 0)
    t = torch.size(q, 1)
    keys = torch.transpose(k, 1, 2)
    values = torch.transpose(v, 1, 2)
    if self.heads == self.kv_heads:
      mixed = torch.scaled_dot_product_attention(torch.transpose(q, 1, 2), keys, values, mask, 0., causal)
      return torch.reshape(torch.transpose(mixed, 1, 2), [n * t, self.heads * self.head_dim])
    g = self.heads // self.kv_heads
    grouped = torch.reshape(torch.permute(torch.reshape(q, [n, t, self.kv_heads, g, self.head_dim]), [0, 2, 3, 1, 4]), [n, self.kv_heads, g * t, self.head_dim])
    mixed = torch.scaled_dot_product_attention(grouped, keys, values, mask, 0., causal)
    return torch.reshape(torch.permute(torch.reshape(mixed, [n, self.kv_heads, g, t, self.head_dim]), [0, 3, 1, 2, 4]), [n * t, self.heads * self.head_dim])

  def mlp(self: __torch__.CausalLm, x: Tensor, layer: int) -> Tensor:
    both = (self).linear((self).norm(x, ), layer * 4 + 2, )
    width = torch.size(both, 1) // 2
    inner = torch.mul(torch.silu(torch.narrow(both, 1, 0, width)), torch.narrow(both, 1, width, width))
    return (self).linear(inner, layer * 4 + 3, )

  # ---- inference -----------------------------------------------------------------------------------------------------------

  # The KV cache of one task: [L, B, E, 2 K, D], keys before values. Uninitialised memory may hold NaN, which a mask does not hide.
  def new_cache(self: __torch__.CausalLm, slots: int, positions: int) -> Tensor:
    like = self.embed[0]
    return torch.zeros([self.layers, slots, positions, self.kv_heads * 2, self.head_dim], dtype=like.dtype, device=like.device)

  # A cache of another size with the old one's contents, as far as they fit.
  def grow(self: __torch__.CausalLm, cache: Tensor, slots: int, positions: int) -> Tensor:
    larger = (self).new_cache(slots, positions, )
    kept = min(slots, torch.size(cache, 1))
    part = torch.narrow(torch.narrow(larger, 1, 0, kept), 2, 0, torch.size(cache, 2))
    _0 = torch.copy_(part, torch.narrow(cache, 1, 0, kept))
    return larger

  # Copies `count` positions of a slot to each of `slots` slots in a row; within one slot too, where they may overlap.
  def copy(self: __torch__.CausalLm, cache: Tensor, source: int, source_at: int, first: int, slots: int, at: int, count: int) -> None:
    part = torch.narrow(torch.narrow(cache, 1, source, 1), 2, source_at, count)
    if source == first:
      part = torch.clone(part)
    _0 = torch.copy_(torch.narrow(torch.narrow(cache, 1, first, slots), 2, at, count), part)
    return None

  # One batched forward, preceded by the copies in the cache that it depends on.
  #
  # plan: P, M, k, X gathered ids, detail (0 ids, 1 log-probabilities, 2 rows too), asked positions per pass of the LM head,
  # number of copies, number of groups; then the six arguments of each copy; then for each group of sequences that attend together: N, T, their first slot,
  # S, whether their queries are picked by index, whether their slots are, whether a mask is given.
  # whole (int64): ids [P], rotary positions [P], cells of the cache that they are written to [P], asked positions [M],
  # ids to gather [M, X]; for each group, if so said, its queries [N * T] and its slots [N]; and, if any group picks its
  # queries or there are several, for each position its place among the groups' results [P].
  # masks (fp32): for each group that has one, [N, T, S], to be added to the attention scores.
  #
  # Returns [M, 1 + gaps]: arg max and the gaps between the highest max(k, 1) + 1 scores (one less than scores). With detail
  # [M, 1 + gaps + 1 + 2 k + X (+ V)]: then the arg max's log-probability, top ids, their log-probabilities, gathered
  # log-probabilities, and the row. fp32 holds ids up to 2^24.
  def forward(self: __torch__.CausalLm, cache: Tensor, plan: List[int], whole: Tensor, masks: Tensor) -> Tensor:
    p = plan[0]
    m = plan[1]
    next = 8
    for i in range(plan[6]):
      (self).copy(cache, plan[next], plan[next + 1], plan[next + 2], plan[next + 3], plan[next + 4], plan[next + 5], )
      next = next + 6
    ints = torch.to(whole, cache.device)
    x = torch.embedding(self.embed[0], torch.narrow(ints, 0, 0, p))
    places = torch.narrow(ints, 0, p, p)
    cells = torch.narrow(ints, 0, p * 2, p)
    cos = torch.to(torch.unsqueeze(torch.embedding(self.rope[0], places), 1), x.dtype)
    sin = torch.to(torch.unsqueeze(torch.embedding(self.rope[1], places), 1), x.dtype)
    first_group = next
    groups = plan[7]
    queries = annotate(List[Tensor], [])
    slots = annotate(List[Tensor], [])
    bias = annotate(List[Optional[Tensor]], [])
    at = p * 3 + m + m * plan[3]
    mask_at = 0
    picked = groups > 1
    for g in range(groups):
      n = plan[next]
      t = plan[next + 1]
      span = plan[next + 3]
      query = cells
      if plan[next + 4] == 1:
        query = torch.narrow(ints, 0, at, n * t)
        at = at + n * t
        picked = True
      slot = cells
      if plan[next + 5] == 1:
        slot = torch.narrow(ints, 0, at, n)
        at = at + n
      mask = annotate(Optional[Tensor], None)
      if plan[next + 6] == 1:
        part = torch.view(torch.narrow(masks, 0, mask_at, n * t * span), [n, 1, t, span])
        mask = torch.repeat(torch.to(part, cache.device, x.dtype), [1, 1, self.heads // self.kv_heads, 1])
        mask_at = mask_at + n * t * span
      _0 = torch.append(queries, query)
      _1 = torch.append(slots, slot)
      _2 = torch.append(bias, mask)
      next = next + 7
    places_in_groups = cells
    if picked:
      places_in_groups = torch.narrow(ints, 0, at, p)
    flat = torch.flatten(cache, 1, 2)
    for i in range(self.layers):
      all = (self).project(x, i, cos, sin, )
      _3 = torch.index_copy_(torch.select(flat, 0, i), 0, cells, torch.narrow(all, 1, self.heads, self.kv_heads * 2))
      layer = torch.select(cache, 0, i)
      q = torch.narrow(all, 1, 0, self.heads)
      mixtures = annotate(List[Tensor], [])
      for g in range(groups):
        group = first_group + g * 7
        n = plan[group]
        own = q
        if plan[group + 4] == 1:
          own = torch.index_select(q, 0, queries[g])
        if plan[group + 5] == 1:
          kv = torch.index_select(torch.narrow(layer, 1, 0, plan[group + 3]), 0, slots[g])
        else:
          kv = torch.narrow(torch.narrow(layer, 0, plan[group + 2], n), 1, 0, plan[group + 3])
        shaped = torch.reshape(own, [n, plan[group + 1], self.heads, self.head_dim])
        mixed = (self).attend(shaped, torch.narrow(kv, 2, 0, self.kv_heads), torch.narrow(kv, 2, self.kv_heads, self.kv_heads), bias[g], False, )
        _4 = torch.append(mixtures, mixed)
      if picked:
        mixture = torch.index_select(torch.cat(mixtures, 0), 0, places_in_groups)
      else:
        mixture = mixtures[0]
      x = torch.add(x, (self).linear(mixture, i * 4 + 1, ))
      x = torch.add(x, (self).mlp(x, i, ))
    if m == 0:
      return torch.empty([0], dtype=6)
    hidden = torch.index_select(x, 0, torch.narrow(ints, 0, p * 3, m))
    gather = torch.view(torch.narrow(ints, 0, p * 3 + m, m * plan[3]), [m, plan[3]])
    # Few positions at a time, so that a pass's logits stay in the processor's cache.
    scored = annotate(List[Tensor], [])
    from_ = 0
    while from_ < m:
      count = min(plan[5], m - from_)
      logits = torch.to((self).linear((self).norm(torch.narrow(hidden, 0, from_, count), ), self.layers * 4, ), 6)
      _5 = torch.append(scored, (self).scores(logits, plan[2], torch.narrow(gather, 0, from_, count), plan[4], ))
      from_ = from_ + count
    return torch.cpu(torch.cat(scored, 0))

  # Ties go to the lower id: arg max returns the first of equals.
  def top(self: __torch__.CausalLm, logits: Tensor, k: int) -> Tensor:
    left = torch.clone(logits)
    chosen = annotate(List[Tensor], [])
    for i in range(k):
      id = torch.argmax(left, -1, True)
      _0 = torch.append(chosen, id)
      _1 = torch.scatter_(left, 1, id, -inf)
    return torch.cat(chosen, 1)

  # The `k` highest of logits [M, V] and their ids, the order of equals left open. The highest of each of V / 64 columns says in
  # which columns they are, so that only those need be sorted.
  def highest(self: __torch__.CausalLm, logits: Tensor, k: int) -> Tuple[Tensor, Tensor]:
    m = torch.size(logits, 0)
    v = torch.size(logits, 1)
    if v < k * 256:
      values, ids = torch.topk(logits, k)
      return (values, ids)
    padded = logits
    if v % 64 != 0:
      padded = torch.constant_pad_nd(logits, [0, 64 - v % 64], -inf)
    columns = torch.view(padded, [m, 64, -1])
    _0, chosen = torch.topk(torch.amax(columns, [1], False), k)
    few = torch.gather(columns, 2, torch.expand(torch.unsqueeze(chosen, 1), [m, 64, k]))
    values, at = torch.topk(torch.flatten(few, 1), k)
    row = torch.floor_divide(at, k)
    column = torch.gather(chosen, 1, torch.remainder(at, k))
    return (values, torch.add(torch.mul(row, torch.size(columns, 2)), column))

  # What `forward` returns, of logits [M, V].
  def scores(self: __torch__.CausalLm, logits: Tensor, k: int, gather: Tensor, detail: int) -> Tensor:
    wanted = min(max(k, 1) + 1, torch.size(logits, 1))
    values, ids, = (self).highest(logits, wanted, )
    gaps = torch.sub(torch.narrow(values, 1, 0, wanted - 1), torch.narrow(values, 1, 1, wanted - 1))
    tied = torch.flatten(torch.nonzero(torch.eq(torch.amin(gaps, [1], False), 0.)))
    if torch.size(tied, 0) > 0:
      ids = torch.index_copy(ids, 0, tied, (self).top(torch.index_select(logits, 0, tied), wanted, ))
    best = torch.narrow(ids, 1, 0, 1)
    if detail == 0:
      return torch.cat([torch.to(best, 6), gaps], 1)
    probabilities = torch.log_softmax(logits, -1)
    parts = [torch.to(best, 6), gaps, torch.gather(probabilities, 1, best)]
    if k > 0:
      top = torch.narrow(ids, 1, 0, k)
      _0 = torch.append(parts, torch.to(top, 6))
      _1 = torch.append(parts, torch.gather(probabilities, 1, top))
    if torch.size(gather, 1) > 0:
      _2 = torch.append(parts, torch.gather(probabilities, 1, gather))
    if detail == 2:
      _3 = torch.append(parts, probabilities)
    return torch.cat(parts, 1)

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
    self.layers = (len(params) - 2) // 6
    self.embed = [params[0]]
    self.dtype = dtype
    self.layouts = annotate(List[int], [])
    self.matrices = annotate(List[Tensor], [])
    for i in range(self.layers):
      p = i * 6 + 2
      torch.extend(self.layouts, [0, 0, 0, 0])
      _0 = torch.append(self.matrices, torch.t(torch.to(torch.mul(params[p + 2], params[p]), dtype)))
      _1 = torch.append(self.matrices, torch.t(torch.to(params[p + 3], dtype)))
      _2 = torch.append(self.matrices, torch.t(torch.to(torch.mul(params[p + 4], params[p + 1]), dtype)))
      _3 = torch.append(self.matrices, torch.t(torch.to(params[p + 5], dtype)))
    _4 = torch.append(self.layouts, 0)
    _5 = torch.append(self.matrices, torch.t(torch.to(torch.mul(params[0], params[1]), dtype)))
    return None

  # Mean cross entropy at the asked positions. ids [N, T] right-padded: padding is never asked and nothing before it sees it.
  def mean_loss(self: __torch__.CausalLm, ids: Tensor, asked: Tensor, labels: Tensor, dropout: float) -> Tensor:
    n = torch.size(ids, 0)
    t = torch.size(ids, 1)
    if len(self.rope) == 0:
      self.rope = (self).rope_tables(512, "default", [10000.], ids, )
    x = torch.dropout(torch.embedding(self.embed[0], torch.flatten(ids)), dropout, True)
    cos = torch.to(torch.repeat(torch.unsqueeze(torch.slice(self.rope[0], 0, 0, t, 1), 1), [n, 1, 1]), self.dtype)
    sin = torch.to(torch.repeat(torch.unsqueeze(torch.slice(self.rope[1], 0, 0, t, 1), 1), [n, 1, 1]), self.dtype)
    for i in range(self.layers):
      all = torch.view((self).project(x, i, cos, sin, ), [n, t, self.heads + self.kv_heads * 2, self.head_dim])
      q = torch.narrow(all, 2, 0, self.heads)
      k = torch.narrow(all, 2, self.heads, self.kv_heads)
      v = torch.narrow(all, 2, self.heads + self.kv_heads, self.kv_heads)
      mixed = (self).attend(q, k, v, None, True, )
      x = torch.add(x, torch.dropout((self).linear(mixed, i * 4 + 1, ), dropout, True))
      x = torch.add(x, torch.dropout((self).mlp(x, i, ), dropout, True))
    logits = torch.to((self).linear((self).norm(torch.index_select(x, 0, asked), ), self.layers * 4, ), 6)
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
