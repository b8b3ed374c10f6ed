# A decoder-only language model with a KV cache, in TorchScript. What its family calls for (see Families.java) is a few switches.
#
# Dimensions: P appended positions of all sequences, packed one after another; N sequences of an attention group, each with T
# queries that see S cached positions; H query heads, K key-value heads, G = H / K, D head width, C hidden width,
# V vocabulary, M asked positions, L layers, B slots of the cache, E positions per slot, u positions of a prefix that sequences share.
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
  layer_norm : bool
  norm_before : bool
  norm_after : bool
  norm_offset : float
  last_norm : bool
  outputs : int
  parallel : bool
  gated : bool
  activation : str
  rotary : int
  interleaved : bool
  has_windows : bool
  windowed : List[int]
  softcap : float
  logit_softcap : float
  dtype : int
  loaded : Dict[str, Tensor]
  embed : List[Tensor]
  positions : List[Tensor]
  slopes : List[Tensor]
  has_head_norms : bool
  together : bool
  head_norms : Dict[int, Tensor]
  has_branch_norms : bool
  branch_norms : Dict[int, Tensor]
  first : List[int]
  routers : Dict[int, Tensor]
  chosen : int
  rescaled : bool
  layouts : List[int]
  matrices : List[Tensor]
  quantized : List[__torch__.torch.classes.quantized.LinearPackedParamsBase]
  biases : Dict[int, Tensor]
  kept : List[Tensor]
  rope : List[Tensor]
  params : List[Tensor]
  moment1 : List[Tensor]
  moment2 : List[Tensor]

  # ---- loading -------------------------------------------------------------------------------------------------------------

  # A tensor of a safetensors file, copied and cast. `first` counts elements of dtype `stored` from the file's first byte.
  def read(self: __torch__.CausalLm, path: str, stored: int, first: int, shape: List[int], dtype: int, device: str) -> Tensor:
    count = 1
    for i in range(len(shape)):
      count = count * shape[i]
    whole = torch.from_file(path, False, first + count, dtype=stored)
    part = torch.reshape(torch.slice(whole, 0, first, first + count, 1), shape)
    return torch.to(part, torch.device(device), dtype, False, True)

  # Whether no element is NaN or infinite: both ends of a tensor's range show it, without another tensor of that size.
  def is_finite(self: __torch__.CausalLm, tensor: Tensor) -> int:
    if torch.numel(tensor) == 0:
      return 1
    least, most, = torch.aminmax(tensor, dim=None, keepdim=False)
    return int(torch.logical_and(torch.isfinite(least), torch.isfinite(most)))

  # Names a tensor for what adds it to the network. Arrangements: 0 as it is; 1 [K, N], to be transposed; 2 for each
  # key-value head its queries, its keys and its values, to be put queries below queries, keys and values likewise.
  def put(self: __torch__.CausalLm, name: str, tensor: Tensor, arrangement: int) -> None:
    arranged = tensor
    if arrangement == 1 and torch.dim(tensor) == 2:
      arranged = torch.contiguous(torch.t(tensor))
    if arrangement == 2:
      group = self.heads // self.kv_heads
      each = torch.reshape(tensor, [self.kv_heads, group + 2, self.head_dim, -1])
      queries = torch.flatten(torch.narrow(each, 1, 0, group), 0, 2)
      keys = torch.flatten(torch.select(each, 1, group), 0, 1)
      values = torch.flatten(torch.select(each, 1, group + 1), 0, 1)
      arranged = torch.reshape(torch.cat([queries, keys, values], 0), torch.size(tensor))
    self.loaded[name] = arranged
    return None

  # The named tensor, or none.
  def named(self: __torch__.CausalLm, name: str) -> List[Tensor]:
    if name in self.loaded:
      return [self.loaded[name]]
    return annotate(List[Tensor], [])

  # The named tensor, or none; it is given up.
  def take(self: __torch__.CausalLm, name: str) -> List[Tensor]:
    if name in self.loaded:
      return [torch.pop(self.loaded, name)]
    return annotate(List[Tensor], [])

  # Projections of one input, `name`.0, `name`.1 and so on, joined to one matrix [N, K] or bias [N].
  def join(self: __torch__.CausalLm, name: str, suffix: str) -> List[Tensor]:
    parts = annotate(List[Tensor], [])
    next = 0
    while name + "." + str(next) + suffix in self.loaded:
      _0 = torch.append(parts, torch.pop(self.loaded, name + "." + str(next) + suffix))
      next = next + 1
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

  # Rows of `heads` heads in which numbers that are rotated together are neighbours, put as `project` rotates them: half below half.
  def unravel(self: __torch__.CausalLm, rows: Tensor, heads: int) -> Tensor:
    each = torch.reshape(rows, [heads, self.head_dim, -1])
    pairs = torch.reshape(torch.narrow(each, 1, 0, self.rotary), [heads, self.rotary // 2, 2, -1])
    halves = torch.flatten(torch.transpose(pairs, 1, 2), 1, 2)
    rest = torch.narrow(each, 1, self.rotary, self.head_dim - self.rotary)
    return torch.reshape(torch.cat([halves, rest], 1), torch.size(rows))

  # Adds the projections `name`, with the scale and shift of the norm before them folded in. The first `scaled` outputs are
  # multiplied by `factor`. The order is qkv, out, in (gate and up, or up alone) and down of each layer, or in and down of each of its
  # experts; then the LM head.
  def add_projection(self: __torch__.CausalLm, name: str, norm: str, layout: int, scaled: int, factor: float) -> None:
    weight = (self).join(name, ".weight", )[0]
    bias = (self).join(name, ".bias", )
    shift = (self).named(norm + ".bias", )
    if len(shift) > 0:
      moved = torch.mv(weight, shift[0])
      if len(bias) > 0:
        moved = torch.add(moved, bias[0])
      bias = [moved]
    scale = (self).named(norm + ".weight", )
    if len(scale) > 0:
      # Some rows at a time, since in bf16 the product takes fp32 copies of what it multiplies.
      at = 0
      while at < torch.size(weight, 0):
        rows = torch.narrow(weight, 0, at, min(4096, torch.size(weight, 0) - at))
        _0 = torch.mul_(rows, (self).norm_weight(scale[0], ))
        at = at + 4096
    if factor != 1.:
      _1 = torch.mul_(torch.narrow(weight, 0, 0, scaled), factor)
      if len(bias) > 0:
        _2 = torch.mul_(torch.narrow(bias[0], 0, 0, scaled), factor)
    if self.interleaved and name == "qkv":
      turned = self.heads + self.kv_heads
      rows = torch.narrow(weight, 0, 0, turned * self.head_dim)
      _3 = torch.copy_(rows, (self).unravel(rows, turned, ))
      if len(bias) > 0:
        part = torch.narrow(bias[0], 0, 0, turned * self.head_dim)
        _4 = torch.copy_(part, (self).unravel(part, turned, ))
    if len(bias) > 0:
      self.biases[len(self.layouts)] = bias[0]
    (self).add_matrix(weight, layout, )
    return None

  # Adds the matrix that scores a layer's experts, of which the `chosen` best share a position. It is small and decides much, so it
  # stays as it is where other matrices are quantized.
  def add_router(self: __torch__.CausalLm, layer: int, norm: str, chosen: int, rescaled: bool) -> None:
    weight = (self).join("router", ".weight", )[0]
    scale = (self).named(norm + ".weight", )
    if len(scale) > 0:
      weight = torch.to(torch.mul(weight, (self).norm_weight(scale[0], )), weight.dtype)
    self.routers[layer] = torch.contiguous(torch.t(weight))
    self.chosen = chosen
    self.rescaled = rescaled
    return None

  # The weight of a norm: fp32, so that an offset of 1 does not round it away.
  def norm_weight(self: __torch__.CausalLm, weight: Tensor) -> Tensor:
    return torch.add(torch.to(weight, 6), self.norm_offset)

  def configure(self: __torch__.CausalLm, layers: int, heads: int, kv_heads: int, head_dim: int, parallel: bool, activation: str, gated: bool) -> None:
    self.layers = layers
    self.heads = heads
    self.kv_heads = kv_heads
    self.head_dim = head_dim
    self.parallel = parallel
    self.activation = activation
    self.gated = gated
    return None

  # Layer norms or RMS norms; before what attention and MLP read or not; after each residual sum or not; `offset` is added to their
  # weights; `last` says whether there is one before the LM head.
  def configure_norms(self: __torch__.CausalLm, layer_norm: bool, eps: float, before: bool, after: bool, offset: float, last: bool) -> None:
    self.layer_norm = layer_norm
    self.eps = eps
    self.norm_before = before
    self.norm_after = after
    self.norm_offset = offset
    self.last_norm = last
    return None

  # Layers that see a window only (1) or all (0); bound of the scores, or 0; whether norms of queries and keys are of all heads together;
  # numbers of a head that are rotated, and whether neighbours are, together; slope of each head by ALiBi, or none.
  def configure_attention(self: __torch__.CausalLm, windowed: List[int], softcap: float, together: bool, rotary: int, interleaved: bool, slopes: List[float], device: str) -> None:
    self.windowed = windowed
    self.has_windows = 1 in windowed
    self.softcap = softcap
    self.together = together
    self.rotary = rotary
    self.interleaved = interleaved
    if len(slopes) > 0:
      self.slopes = [torch.tensor(slopes, dtype=6, device=torch.device(device))]
    return None

  # Adds the embedding [V, C]; learned positions start at row `first` of theirs. What is done to a token's embedding alone is
  # done here, once.
  def add_embedding(self: __torch__.CausalLm, scale: float, first: int, tied: bool) -> None:
    rows = (self).take("embed.weight", )[0]
    self.dtype = rows.dtype
    if tied:
      self.loaded["head.0.weight"] = rows
    projection = (self).take("project_in.weight", )
    if len(projection) > 0:
      rows = torch.mm(rows, torch.t(projection[0]))
    weight = (self).take("embed_norm.weight", )
    if len(weight) > 0:
      bias = (self).take("embed_norm.bias", )[0]
      rows = torch.layer_norm(rows, [torch.size(rows, 1)], weight[0], bias, self.eps)
    if scale != 1.:
      # Rounded as the embedding is, as the models were trained.
      rows = torch.mul(rows, torch.to(torch.tensor(scale, dtype=6, device=rows.device), rows.dtype))
    self.embed = [rows]
    positions = (self).take("positions.weight", )
    if len(positions) > 0:
      self.positions = [torch.slice(positions[0], 0, first, None, 1)]
    return None

  # Begins a layer, by its norms that no matrix follows. Queries that are normalised are then multiplied by `query_scale`.
  def add_norms(self: __torch__.CausalLm, layer: int, query_scale: float) -> None:
    _0 = torch.append(self.first, len(self.layouts))
    if self.norm_after:
      (self).add_branch_norm("attention_norm", layer * 2, )
      (self).add_branch_norm("mlp_norm", layer * 2 + 1, )
    (self).add_branch_norm("attention_branch_norm", layer * 2, )
    (self).add_branch_norm("mlp_branch_norm", layer * 2 + 1, )
    query_norm = (self).join("query_norm", ".weight", )
    if len(query_norm) > 0:
      key_norm = (self).join("key_norm", ".weight", )[0]
      weights = torch.cat([(self).by_head(query_norm[0], self.heads, ), (self).by_head(key_norm, self.kv_heads, )], 0)
      if self.interleaved:
        weights = (self).unravel(weights, self.heads + self.kv_heads, )
      if self.norm_offset != 0.:
        weights = (self).norm_weight(weights, )
      if query_scale != 1.:
        _1 = torch.mul_(torch.narrow(weights, 0, 0, self.heads), query_scale)
      self.head_norms[layer] = weights
      self.has_head_norms = True
    return None

  # A norm's weights for each of the heads [heads, D]: as they are, or the same for all.
  def by_head(self: __torch__.CausalLm, weight: Tensor, heads: int) -> Tensor:
    if torch.numel(weight) == self.head_dim:
      return torch.repeat(torch.reshape(weight, [1, self.head_dim]), [heads, 1])
    return torch.reshape(weight, [heads, self.head_dim])

  # A norm that no matrix follows: its weight and bias, fp32 [2, C].
  def add_branch_norm(self: __torch__.CausalLm, name: str, at: int) -> None:
    weight = (self).take(name + ".weight", )
    if len(weight) > 0:
      scale = (self).norm_weight(weight[0], )
      bias = (self).take(name + ".bias", )
      shift = torch.zeros_like(scale)
      if len(bias) > 0:
        shift = torch.to(bias[0], 6)
      self.branch_norms[at] = torch.stack([scale, shift])
      self.has_branch_norms = True
    return None

  # Adds the tables of a rotary embedding: of all layers, or of those that see all and then of those that see a window.
  def add_rope(self: __torch__.CausalLm, context: int, kind: str, settings: List[float], factors: List[float]) -> None:
    torch.extend(self.rope, (self).rope_tables(context, self.rotary, kind, settings, factors, self.embed[0], ))
    return None

  # Adds the LM head, which may be the embedding. Of the head's rows the first `outputs` score
  # something. Of the others it keeps what fills up to 64, since GPUs multiply by odd numbers of rows slowly. With `ids`, which
  # ascend, it keeps the rows of those alone.
  def finish(self: __torch__.CausalLm, tied: bool, outputs: int, scale: float, logit_softcap: float, layout: int, ids: List[int]) -> None:
    self.logit_softcap = logit_softcap
    self.outputs = outputs
    head = (self).take("head.0.weight", )[0]
    if len(ids) > 0:
      kept = len(ids)
      self.outputs = kept
      rows = torch.tensor(ids, dtype=4, device=head.device)
      places = torch.full([outputs], -1, dtype=4, device=head.device)
      self.kept = [rows, torch.index_copy(places, 0, rows, torch.arange(kept, dtype=4, device=head.device))]
      head = torch.index_select(head, 0, rows)
      if "head.0.bias" in self.loaded:
        self.loaded["head.0.bias"] = torch.index_select(self.loaded["head.0.bias"], 0, rows)
    else:
      kept = min(torch.size(head, 0), (outputs + 63) // 64 * 64)
      head = torch.narrow(head, 0, 0, kept)
      if "head.0.bias" in self.loaded:
        self.loaded["head.0.bias"] = torch.narrow(self.loaded["head.0.bias"], 0, 0, kept)
      if tied:
        head = torch.clone(head)
    projection = (self).take("project_out.weight", )
    if len(projection) > 0:
      head = torch.mm(head, projection[0])
    self.loaded["head.0.weight"] = head
    (self).add_projection("head", "norm", layout, kept, scale, )
    self.loaded = annotate(Dict[str, Tensor], {})
    return None

  # Rotary embedding: cosines and sines [context, R], the sines' first half negated, since rotate_half is a roll by R / 2.
  # Settings: base; linear: factor; llama3: factor, low_freq_factor, high_freq_factor, original context; yarn: factor, first and
  # last dimension of the ramp, factor of cosines and sines; longrope: the last of these. Factors: a divisor per frequency.
  def rope_tables(self: __torch__.CausalLm, context: int, rotary: int, kind: str, settings: List[float], factors: List[float], like: Tensor) -> List[Tensor]:
    steps = torch.arange(0, rotary, 2, dtype=4, device=like.device)
    inverse = torch.reciprocal(torch.pow(settings[0], torch.div(torch.to(steps, 6), rotary)))
    attention_factor = 1.
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
    if kind == "yarn":
      at = torch.to(torch.arange(rotary // 2, dtype=4, device=like.device), 6)
      ramp = torch.clamp(torch.div(torch.sub(at, settings[2]), settings[3] - settings[2]), 0, 1)
      inverse = torch.add(torch.mul(torch.div(inverse, settings[1]), ramp), torch.mul(inverse, torch.rsub(ramp, 1.0)))
      attention_factor = settings[4]
    if kind == "longrope":
      inverse = torch.div(inverse, torch.tensor(factors, dtype=6, device=like.device))
      attention_factor = settings[1]
    angles = torch.outer(torch.to(torch.arange(context, dtype=4, device=like.device), 6), inverse)
    sines = torch.sin(angles)
    cosines = torch.cos(angles)
    if attention_factor != 1.:
      sines = torch.mul(sines, attention_factor)
      cosines = torch.mul(cosines, attention_factor)
    return [torch.cat([cosines, cosines], -1), torch.cat([torch.neg(sines), sines], -1)]

  # ---- the network ---------------------------------------------------------------------------------------------------------

  # RMS norm over the last dimension, without its weight, in the dtype of the layers.
  def rms_norm(self: __torch__.CausalLm, x: Tensor) -> Tensor:
    wide = torch.to(x, 6)
    scale = torch.rsqrt(torch.add(torch.mean(torch.mul(wide, wide), [-1], True), self.eps))
    return torch.to(torch.mul(wide, scale), self.dtype)

  # The norm of the family, without its weight and bias.
  def norm(self: __torch__.CausalLm, x: Tensor) -> Tensor:
    if self.layer_norm:
      return torch.to(torch.layer_norm(x, [torch.size(x, -1)], None, None, self.eps), self.dtype)
    return (self).rms_norm(x, )

  # The same with weight and bias, where no matrix follows to fold them into; fp32 until the end, as transformers has it.
  def branch_norm(self: __torch__.CausalLm, x: Tensor, at: int) -> Tensor:
    wide = torch.to(x, 6)
    size = [torch.size(x, -1)]
    if self.layer_norm:
      normed = torch.layer_norm(wide, size, None, None, self.eps)
    else:
      normed = torch.mul(wide, torch.rsqrt(torch.add(torch.mean(torch.mul(wide, wide), [-1], True), self.eps)))
    if at in self.branch_norms:
      weights = self.branch_norms[at]
      normed = torch.add(torch.mul(normed, weights[0]), weights[1])
    return torch.to(normed, self.dtype)

  # What feeds a layer's attention or MLP, but for the norm's weight and bias, which are folded into the matrix that follows.
  def before(self: __torch__.CausalLm, x: Tensor) -> Tensor:
    if self.norm_before:
      return (self).norm(x, )
    return x

  # x plus what attention or MLP made of it, with a norm of the sum or of the branch where there is one.
  def join_branch(self: __torch__.CausalLm, x: Tensor, branch: Tensor, at: int) -> Tensor:
    if self.norm_after:
      return (self).branch_norm(torch.add(x, branch), at, )
    return torch.add(x, (self).branch_norm(branch, at, ))

  # x [P, K] times a matrix in int8 -> [P, N]. The kernel quantizes all positions by one scale, from their least number to the highest.
  # So each position is brought to [-1, 1] by a scale of its own, and a further one reaches both ends: what a position says does not
  # depend on the others, and one with large numbers does not cost the others their digits. Of numbers that are not finite the scale tells.
  def quantized_linear(self: __torch__.CausalLm, x: Tensor, matrix: __torch__.torch.classes.quantized.LinearPackedParamsBase) -> Tensor:
    scales = torch.clamp(torch.amax(torch.abs(x), [1], True), 1e-30, None)
    ends = torch.unsqueeze(torch.linspace(-1., 1., torch.size(x, 1), dtype=6), 0)
    y = ops.quantized.linear_dynamic(torch.cat([torch.nan_to_num(torch.div(x, scales), 0., 0., 0.), ends], 0), matrix, False)
    return torch.mul(torch.narrow(y, 0, 0, torch.size(x, 0)), scales)

  # x [P, K] times the matrix `at` -> [P, N].
  def linear(self: __torch__.CausalLm, x: Tensor, at: int) -> Tensor:
    layout = self.layouts[at]
    if layout == 1:
      y = ops.mkldnn._linear_pointwise(x, self.matrices[at], None, "none", annotate(List[Optional[number]], []), "")
    elif layout == 2:
      y = (self).quantized_linear(x, self.quantized[at], )
    else:
      y = torch.mm(x, self.matrices[at])
    if at in self.biases:
      y = torch.add(y, self.biases[at])
    return y

  # x [P, C] -> queries, keys and values [P, H + 2 K, D], the first R numbers of queries and keys rotated in place.
  def project(self: __torch__.CausalLm, x: Tensor, layer: int, cos: Tensor, sin: Tensor) -> Tensor:
    all = torch.view((self).linear((self).before(x, ), self.first[layer], ), [-1, self.heads + self.kv_heads * 2, self.head_dim])
    qk = torch.narrow(all, 1, 0, self.heads + self.kv_heads)
    if self.has_head_norms:
      _0 = torch.copy_(qk, torch.mul((self).norm_heads(qk, ), self.head_norms[layer]))
    if self.rotary > 0:
      if self.rotary < self.head_dim:
        qk = torch.narrow(qk, 2, 0, self.rotary)
      turned = torch.mul(torch.roll(qk, [self.rotary // 2], [2]), sin)
      _1 = torch.add_(torch.mul_(qk, cos), turned)
    return all

  # Norm of queries and keys [P, H + K, D], without its weight: of each head, or of all that are queries and all that are keys.
  def norm_heads(self: __torch__.CausalLm, qk: Tensor) -> Tensor:
    if not self.together:
      return (self).norm(qk, )
    queries = (self).norm(torch.flatten(torch.narrow(qk, 1, 0, self.heads), 1), )
    keys = (self).norm(torch.flatten(torch.narrow(qk, 1, self.heads, self.kv_heads), 1), )
    return torch.reshape(torch.cat([queries, keys], 1), torch.size(qk))

  # Attention; with a bound on the scores if there is one.
  def mix(self: __torch__.CausalLm, q: Tensor, k: Tensor, v: Tensor, mask: Optional[Tensor], causal: bool) -> Tensor:
    if self.softcap == 0.:
      return torch.scaled_dot_product_attention(q, k, v, mask, 0., causal)
    scores = torch.div(torch.matmul(q, torch.transpose(k, 2, 3)), self.softcap * float(self.head_dim) ** 0.5)
    scores = torch.mul(torch.tanh(scores), self.softcap)
    if mask is not None:
      scores = torch.add(scores, mask)
    return torch.matmul(torch.to(torch.softmax(torch.to(scores, 6), -1), q.dtype), v)

  # q [N, T, H, D], k and v [N, S, K, D], mask [N, 1 or K, G * T, S] or none -> [N * T, H * D]. The G query heads of a key-value head
  # stand below each other, so that keys and values are never copied per query head.
  def attend(self: __torch__.CausalLm, q: Tensor, k: Tensor, v: Tensor, mask: Optional[Tensor], causal: bool) -> Tensor:
    n = torch.size(q, 0)
    t = torch.size(q, 1)
    keys = torch.transpose(k, 1, 2)
    values = torch.transpose(v, 1, 2)
    if self.heads == self.kv_heads:
      mixed = (self).mix(torch.transpose(q, 1, 2), keys, values, mask, causal, )
      return torch.reshape(torch.transpose(mixed, 1, 2), [n * t, self.heads * self.head_dim])
    g = self.heads // self.kv_heads
    grouped = torch.reshape(torch.permute(torch.reshape(q, [n, t, self.kv_heads, g, self.head_dim]), [0, 2, 3, 1, 4]), [n, self.kv_heads, g * t, self.head_dim])
    mixed = (self).mix(grouped, keys, values, mask, causal, )
    return torch.reshape(torch.permute(torch.reshape(mixed, [n, self.kv_heads, g, t, self.head_dim]), [0, 3, 1, 2, 4]), [n * t, self.heads * self.head_dim])

  # The same where all sequences see the first u positions of a prefix [u, 2 K, D] before their own: all queries together read them
  # once. prefix_mask [N, 1, G * T, u] or none.
  def attend_sharing(self: __torch__.CausalLm, q: Tensor, k: Tensor, v: Tensor, mask: Optional[Tensor], prefix: Tensor, prefix_mask: Optional[Tensor]) -> Tensor:
    n = torch.size(q, 0)
    t = torch.size(q, 1)
    g = self.heads // self.kv_heads
    u = torch.size(prefix, 0)
    rows = n * g * t
    grouped = torch.reshape(torch.permute(torch.reshape(q, [n, t, self.kv_heads, g, self.head_dim]), [2, 0, 3, 1, 4]), [self.kv_heads, n, g * t, self.head_dim])
    grouped = torch.div(grouped, float(self.head_dim) ** 0.5)
    prefix_keys = torch.permute(torch.narrow(prefix, 1, 0, self.kv_heads), [1, 2, 0])
    before = torch.reshape(torch.bmm(torch.reshape(grouped, [self.kv_heads, rows, self.head_dim]), prefix_keys), [self.kv_heads, n, g * t, u])
    own = torch.matmul(grouped, torch.permute(k, [2, 0, 3, 1]))
    if self.softcap > 0.:
      before = torch.mul(torch.tanh(torch.div(before, self.softcap)), self.softcap)
      own = torch.mul(torch.tanh(torch.div(own, self.softcap)), self.softcap)
    if prefix_mask is not None:
      before = torch.add(before, torch.transpose(prefix_mask, 0, 1))
    if mask is not None:
      own = torch.add(own, torch.transpose(mask, 0, 1))
    shares = torch.to(torch.softmax(torch.to(torch.cat([before, own], -1), 6), -1), q.dtype)
    prefix_shares = torch.narrow(torch.reshape(shares, [self.kv_heads, rows, -1]), 2, 0, u)
    prefix_values = torch.transpose(torch.narrow(prefix, 1, self.kv_heads, self.kv_heads), 0, 1)
    mixed = torch.reshape(torch.bmm(prefix_shares, prefix_values), [self.kv_heads, n, g * t, self.head_dim])
    mixed = torch.add(mixed, torch.matmul(torch.narrow(shares, 3, u, torch.size(k, 1)), torch.permute(v, [2, 0, 1, 3])))
    return torch.reshape(torch.permute(torch.reshape(mixed, [self.kv_heads, n, g, t, self.head_dim]), [1, 3, 0, 2, 4]), [n * t, self.heads * self.head_dim])

  def activate(self: __torch__.CausalLm, x: Tensor) -> Tensor:
    if self.activation == "silu":
      return torch.silu(x)
    if self.activation == "relu":
      return torch.relu(x)
    if self.activation == "gelu":
      return torch.gelu(x, approximate="none")
    return torch.gelu(x, approximate="tanh")

  def mlp(self: __torch__.CausalLm, x: Tensor, layer: int) -> Tensor:
    read = (self).before(x, )
    if layer in self.routers:
      return (self).experts(read, layer, )
    return (self).one_mlp(read, self.first[layer] + 2, )

  # What the chosen experts make of read [P, C], by their shares. Each multiplies the positions that chose it, in one product.
  def experts(self: __torch__.CausalLm, read: Tensor, layer: int) -> Tensor:
    p = torch.size(read, 0)
    router = self.routers[layer]
    shares, ids, = torch.topk(torch.softmax(torch.to(torch.mm(read, router), 6), -1), self.chosen)
    if self.rescaled:
      shares = torch.div(shares, torch.sum(shares, [-1], True))
    order = torch.argsort(torch.flatten(ids), stable=True, dim=-1, descending=False)
    sorted = torch.index_select(read, 0, torch.floor_divide(order, self.chosen))
    counts = torch.cpu(torch.bincount(torch.flatten(ids), None, torch.size(router, 1)))
    made = annotate(List[Tensor], [])
    at = 0
    for e in range(torch.size(router, 1)):
      count = int(counts[e])
      if count > 0:
        _0 = torch.append(made, (self).one_mlp(torch.narrow(sorted, 0, at, count), self.first[layer] + 2 + e * 2, ))
        at = at + count
    # Back in the order of positions, each with its experts by falling share, so that sums are taken in the same order always.
    back = torch.argsort(order, stable=True, dim=-1, descending=False)
    each = torch.view(torch.index_select(torch.cat(made, 0), 0, back), [p, self.chosen, -1])
    return torch.sum(torch.mul(each, torch.unsqueeze(torch.to(shares, each.dtype), 2)), [1])

  # The MLP whose matrices are `at` and the next one.
  def one_mlp(self: __torch__.CausalLm, read: Tensor, at: int) -> Tensor:
    inner = (self).linear(read, at, )
    if self.gated:
      width = torch.size(inner, 1) // 2
      inner = torch.mul((self).activate(torch.narrow(inner, 1, 0, width), ), torch.narrow(inner, 1, width, width))
    else:
      inner = (self).activate(inner, )
    return (self).linear(inner, at + 1, )

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

  # A list of caches with another one at its end: prefixes that sequences share, each a cache of one slot.
  def with_prefix(self: __torch__.CausalLm, prefix: Tensor, prefixes: List[Tensor]) -> List[Tensor]:
    return torch.add(prefixes, [prefix])

  def no_prefixes(self: __torch__.CausalLm) -> List[Tensor]:
    return annotate(List[Tensor], [])

  # One batched forward of sequences none of which shares a prefix; as `forward_sharing`.
  def forward(self: __torch__.CausalLm, cache: Tensor, plan: List[int], whole: Tensor, masks: Tensor, sampler: List[float], keys: List[int], edited: Tensor, changes: Tensor) -> Tensor:
    return (self).forward_sharing(cache, annotate(List[Tensor], []), plan, whole, masks, sampler, keys, edited, changes, )

  # One batched forward, preceded by the copies in the cache that it depends on. ForwardLayout.java says what plan, whole and the result
  # hold, and in which order; names in braces are its numbers.
  #
  # prefixes: caches of one slot, which groups name by their places in this list.
  # masks (fp32): for each group those that it has, [N, T, S] and, last, [N, T, u] of the prefix's u positions that its sequences see,
  # to be added to the attention scores.
  # edited, changes: as `edit` takes them; empty for logits that stay as they are.
  # sampler: nothing, or temperature, top-k and top-p of scores that noise perturbs; keys [M]: then what each asked position's noise is
  # computed from.
  #
  # Returns the columns of each asked position, or the logits [M, V] if they are all that is asked for. Without asked positions [1],
  # which is no score: NaN where the forward went wrong.
  def forward_sharing(self: __torch__.CausalLm, cache: Tensor, prefixes: List[Tensor], plan: List[int], whole: Tensor, masks: Tensor, sampler: List[float], keys: List[int], edited: Tensor, changes: Tensor) -> Tensor:
    p = plan[{header.positions}]
    m = plan[{header.asked}]
    gathered = plan[{header.gathered}]
    (self).check_layout(plan, whole, masks, sampler, keys, )
    lengths = torch.slice(plan, {header.length}, {header.length} + {section.length}, 1)
    next = {header.length} + {section.length}
    for i in range(plan[{header.copies}]):
      (self).copy(cache, plan[next + {copy.source}], plan[next + {copy.source_at}], plan[next + {copy.first}], plan[next + {copy.slots}], plan[next + {copy.at}], plan[next + {copy.count}], )
      next = next + {copy.length}
    ints = torch.split_with_sizes(torch.to(whole, cache.device), lengths)
    x = torch.embedding(self.embed[0], ints[{section.tokens}])
    places = ints[{section.places}]
    if len(self.positions) > 0:
      x = torch.add(x, torch.embedding(self.positions[0], places))
    cells = ints[{section.cells}]
    turns = annotate(List[Tensor], [])
    for i in range(len(self.rope)):
      _7 = torch.append(turns, torch.to(torch.unsqueeze(torch.embedding(self.rope[i], places), 1), x.dtype))
    first_group = next
    groups = plan[{header.groups}]
    queries = annotate(List[Tensor], [])
    slots = annotate(List[Tensor], [])
    bias = annotate(List[Optional[Tensor]], [])
    windowed_bias = annotate(List[Optional[Tensor]], [])
    prefix_bias = annotate(List[Optional[Tensor]], [])
    query_at = 0
    slot_at = 0
    seen_at = 0
    mask_at = 0
    picked = groups > 1
    for g in range(groups):
      n = plan[next + {group.slots}]
      t = plan[next + {group.width}]
      span = plan[next + {group.span}]
      query = cells
      if plan[next + {group.picks_queries}] == 1:
        query = torch.narrow(ints[{section.queries}], 0, query_at, n * t)
        query_at = query_at + n * t
        picked = True
      slot = cells
      if plan[next + {group.picks_slots}] == 1:
        slot = torch.narrow(ints[{section.slots}], 0, slot_at, n)
        slot_at = slot_at + n
      mask = annotate(Optional[Tensor], None)
      if plan[next + {group.masked}] == 1:
        mask = (self).mask(torch.narrow(masks, 0, mask_at, n * t * span), n, t, x, )
        mask_at = mask_at + n * t * span
      windowed_mask = mask
      if plan[next + {group.windowed}] == 1:
        windowed_mask = (self).mask(torch.narrow(masks, 0, mask_at, n * t * span), n, t, x, )
        mask_at = mask_at + n * t * span
      prefix_mask = annotate(Optional[Tensor], None)
      if plan[next + {group.prefix_masked}] == 1:
        entries = n * t * plan[next + {group.prefix_length}]
        prefix_mask = (self).mask(torch.narrow(masks, 0, mask_at, entries), n, t, x, )
        mask_at = mask_at + entries
      if len(self.slopes) > 0:
        seen = torch.arange(span, dtype=4, device=cache.device)
        if plan[next + {group.placed}] == 1:
          seen = torch.narrow(ints[{section.seen}], 0, seen_at, n * span)
          seen_at = seen_at + n * span
        mask = (self).slope(torch.view(seen, [-1, 1, 1, span]), mask, x, )
      _0 = torch.append(queries, query)
      _1 = torch.append(slots, slot)
      _2 = torch.append(bias, mask)
      _3 = torch.append(windowed_bias, windowed_mask)
      _8 = torch.append(prefix_bias, prefix_mask)
      next = next + {group.length}
    places_in_groups = cells
    if picked:
      places_in_groups = ints[{section.results}]
    flat = torch.flatten(cache, 1, 2)
    for i in range(self.layers):
      windowed = False
      if self.has_windows:
        windowed = self.windowed[i] == 1
      cos = x
      sin = x
      if windowed and len(turns) > 2:
        cos = turns[2]
        sin = turns[3]
      elif len(turns) > 0:
        cos = turns[0]
        sin = turns[1]
      all = (self).project(x, i, cos, sin, )
      _3 = torch.index_copy_(torch.select(flat, 0, i), 0, cells, torch.narrow(all, 1, self.heads, self.kv_heads * 2))
      layer = torch.select(cache, 0, i)
      q = torch.narrow(all, 1, 0, self.heads)
      mixtures = annotate(List[Tensor], [])
      for g in range(groups):
        group = first_group + g * {group.length}
        n = plan[group + {group.slots}]
        span = plan[group + {group.span}]
        own = q
        if plan[group + {group.picks_queries}] == 1:
          own = torch.index_select(q, 0, queries[g])
        if plan[group + {group.picks_slots}] == 1:
          kv = torch.index_select(torch.narrow(layer, 1, 0, span), 0, slots[g])
        else:
          kv = torch.narrow(torch.narrow(layer, 0, plan[group + {group.first}], n), 1, 0, span)
        masked = bias[g]
        if windowed:
          masked = windowed_bias[g]
        shaped = torch.reshape(own, [n, plan[group + {group.width}], self.heads, self.head_dim])
        k = torch.narrow(kv, 2, 0, self.kv_heads)
        v = torch.narrow(kv, 2, self.kv_heads, self.kv_heads)
        if plan[group + {group.prefix_length}] > 0:
          prefix = torch.select(torch.select(prefixes[plan[group + {group.prefix}]], 0, i), 0, 0)
          seen_first = torch.narrow(prefix, 0, 0, plan[group + {group.prefix_length}])
          mixed = (self).attend_sharing(shaped, k, v, masked, seen_first, prefix_bias[g], )
        else:
          mixed = (self).attend(shaped, k, v, masked, False, )
        _4 = torch.append(mixtures, mixed)
      if picked:
        mixture = torch.index_select(torch.cat(mixtures, 0), 0, places_in_groups)
      else:
        mixture = mixtures[0]
      branch = (self).linear(mixture, self.first[i] + 1, )
      if self.parallel:
        x = torch.add(torch.add(x, branch), (self).mlp(x, i, ))
      elif self.norm_after or self.has_branch_norms:
        x = (self).join_branch(x, branch, i * 2, )
        x = (self).join_branch(x, (self).mlp(x, i, ), i * 2 + 1, )
      else:
        x = torch.add(x, branch)
        x = torch.add(x, (self).mlp(x, i, ))
    if m == 0:
      return torch.cpu((self).doubt(x, ))
    hidden = torch.index_select(x, 0, ints[{section.asked}])
    gather = torch.view(ints[{section.gathered}], [m, gathered])
    # Few positions at a time, so that a pass's logits stay in the processor's cache.
    scored = annotate(List[Tensor], [])
    noises = cells
    if len(keys) > 0:
      noises = torch.tensor(keys, dtype=4, device=cache.device)
    from_ = 0
    while from_ < m:
      count = min(plan[{header.pass}], m - from_)
      logits = (self).logits(torch.narrow(hidden, 0, from_, count), )
      if torch.size(changes, 0) > 0:
        logits = (self).edit(logits, from_, torch.to(edited, logits.device), torch.to(changes, logits.device), )
      _5 = torch.append(scored, (self).scores(logits, plan[{header.top_k}], torch.narrow(gather, 0, from_, count), plan[{header.detail}], sampler, torch.slice(noises, 0, from_, from_ + count, 1), ))
      from_ = from_ + count
    result = scored[0]
    if len(scored) > 1:
      result = torch.cat(scored, 0)
    (self).check("columns to return", torch.size(result, 1), plan[{header.width}], )
    if len(self.quantized) > 0:
      _6 = torch.add_(torch.select(result, 1, 0), (self).doubt(x, ))
    return torch.cpu(torch.contiguous(result))

  # Ends a forward that was not sent what it takes, before it reads one thing for another.
  def check_layout(self: __torch__.CausalLm, plan: List[int], whole: Tensor, masks: Tensor, sampler: List[float], keys: List[int]) -> None:
    p = plan[{header.positions}]
    m = plan[{header.asked}]
    groups = plan[{header.groups}]
    first = {header.length} + {section.length} + plan[{header.copies}] * {copy.length}
    (self).check("numbers in its plan", first + groups * {group.length}, len(plan), )
    queries = 0
    slots = 0
    seen = 0
    entries = 0
    picked = groups > 1
    for g in range(groups):
      group = first + g * {group.length}
      n = plan[group + {group.slots}]
      t = plan[group + {group.width}]
      span = plan[group + {group.span}]
      if plan[group + {group.picks_queries}] == 1:
        picked = True
        queries = queries + n * t
      slots = slots + n * plan[group + {group.picks_slots}]
      seen = seen + n * span * plan[group + {group.placed}]
      entries = entries + n * t * span * (plan[group + {group.masked}] + plan[group + {group.windowed}])
      entries = entries + n * t * plan[group + {group.prefix_length}] * plan[group + {group.prefix_masked}]
    results = 0
    if picked:
      results = p
    taken = [p, p, p, m, m * plan[{header.gathered}], queries, slots, seen, results]
    given = torch.slice(plan, {header.length}, {header.length} + {section.length}, 1)
    total = sum(given)
    noises = 0
    if len(sampler) > 0:
      noises = m
    if taken != given or total != torch.numel(whole) or entries != torch.numel(masks) or noises != len(keys):
      (self).check("tokens", p, given[{section.tokens}], )
      (self).check("rotary positions", p, given[{section.places}], )
      (self).check("cells to write to", p, given[{section.cells}], )
      (self).check("asked positions", m, given[{section.asked}], )
      (self).check("ids to gather", m * plan[{header.gathered}], given[{section.gathered}], )
      (self).check("queries of groups", queries, given[{section.queries}], )
      (self).check("slots of groups", slots, given[{section.slots}], )
      (self).check("positions of cells that groups see", seen, given[{section.seen}], )
      (self).check("places of results", results, given[{section.results}], )
      (self).check("numbers in its sections", total, torch.numel(whole), )
      (self).check("mask entries", entries, torch.numel(masks), )
      (self).check("keys of noise", noises, len(keys), )
    return None

  def check(self: __torch__.CausalLm, what: str, taken: int, given: int) -> None:
    if taken != given:
      ops.prim.RaiseException("Cannot run a forward: it takes " + str(taken) + " " + what + " and got " + str(given) + ". Lay its arrays out as ForwardLayout.java says.")
    return None

  # mask [N, T, S] of a group, for each of the G query heads that stand below each other.
  def mask(self: __torch__.CausalLm, mask: Tensor, n: int, t: int, like: Tensor) -> Tensor:
    part = torch.view(mask, [n, 1, t, -1])
    return torch.repeat(torch.to(part, like.device, like.dtype), [1, 1, self.heads // self.kv_heads, 1])

  # A mask with the bias of ALiBi: each head's slope times the positions [1 or N, 1, 1, S] of what is seen.
  def slope(self: __torch__.CausalLm, seen: Tensor, mask: Optional[Tensor], like: Tensor) -> Tensor:
    bias = torch.to(torch.mul(torch.view(self.slopes[0], [1, -1, 1, 1]), seen), like.dtype)
    if mask is not None:
      return torch.add(bias, mask)
    return bias

  # hidden [M, C] -> logits [M, V] in fp32.
  def logits(self: __torch__.CausalLm, hidden: Tensor) -> Tensor:
    x = hidden
    if self.last_norm:
      x = (self).norm(hidden, )
    logits = torch.to((self).linear(x, len(self.layouts) - 1, ), 6)
    if self.outputs < torch.size(logits, 1):
      logits = torch.narrow(logits, 1, 0, self.outputs)
    if self.logit_softcap > 0.:
      return torch.mul(torch.tanh(torch.div(logits, self.logit_softcap)), self.logit_softcap)
    return logits

  # logits [M, V] from asked position `first` on. edited [2 K]: asked positions and ids of those that change; changes [2 K]: what is
  # added to each, then what it is divided by if above 0, else multiplied by (LogitsEdit.java).
  def edit(self: __torch__.CausalLm, logits: Tensor, first: int, edited: Tensor, changes: Tensor) -> Tensor:
    k = torch.size(changes, 0) // 2
    m = torch.size(logits, 0)
    v = torch.size(logits, 1)
    rows = torch.sub(torch.narrow(edited, 0, 0, k), first)
    ids = (self).to_rows(torch.narrow(edited, 0, k, k), )
    inside = torch.logical_and(torch.logical_and(torch.ge(rows, 0), torch.lt(rows, m)), torch.ge(ids, 0))
    here = torch.flatten(torch.nonzero(inside))
    at = torch.add(torch.mul(torch.index_select(rows, 0, here), v), torch.index_select(ids, 0, here))
    flat = torch.reshape(logits, [m * v])
    biased = torch.add(torch.index_select(flat, 0, at), torch.index_select(torch.narrow(changes, 0, 0, k), 0, here))
    penalty = torch.index_select(torch.narrow(changes, 0, k, k), 0, here)
    changed = torch.where(torch.gt(biased, 0.), torch.div(biased, penalty), torch.mul(biased, penalty))
    return torch.reshape(torch.index_copy(flat, 0, at, changed), [m, v])

  # 0, or NaN if a position of x [P, C] is not finite [1]. Quantizing makes numbers of what is none, so that the scores would not
  # tell; in other precisions they do.
  def doubt(self: __torch__.CausalLm, x: Tensor) -> Tensor:
    if len(self.quantized) > 0:
      return torch.reshape(torch.to(torch.sum(torch.mul(x, 0.)), 6), [1])
    return torch.zeros([1], dtype=6, device=x.device)

  # ---- choosing ------------------------------------------------------------------------------------------------------------
  #
  # A row of logits may have hundreds of thousands of ids. What reads it whole does so once, in an operation that needs no other
  # row of that size or only one that stays in the processor's cache; all else is done with the few ids that matter.

  # Where the head scores some ids only, V is their number here and ids are the rows that they have in it. Both ascend together, so that
  # equals stand in the same order. What comes in and what goes out has the vocabulary's ids, and noise is theirs.

  # The head's rows of the vocabulary's ids, of any shape; -1 for those that it does not score.
  def to_rows(self: __torch__.CausalLm, ids: Tensor) -> Tensor:
    if len(self.kept) == 0:
      return ids
    return torch.reshape(torch.index_select(self.kept[1], 0, torch.flatten(ids)), torch.size(ids))

  # The vocabulary's ids of rows of the head, of any shape.
  def to_ids(self: __torch__.CausalLm, rows: Tensor) -> Tensor:
    if len(self.kept) == 0:
      return rows
    return torch.reshape(torch.index_select(self.kept[0], 0, torch.flatten(rows)), torch.size(rows))

  # The `k` highest of logits [M, V] and their ids, the order of equals left open. Of 64 ids in a row, or, where many are sought, of 16
  # that lie apart, the highest says whether they need be looked at. What is left over where V divides by neither always is.
  def highest(self: __torch__.CausalLm, logits: Tensor, k: int) -> Tuple[Tensor, Tensor]:
    m = torch.size(logits, 0)
    v = torch.size(logits, 1)
    if v < k * 64 or v < 512:
      values, ids = torch.topk(logits, k)
      return (values, ids)
    if k < 64:
      whole = v // 64 * 64
      runs = torch.view(torch.narrow(logits, 1, 0, whole), [m, -1, 64])
      _0, chosen = torch.topk(torch.amax(runs, [2], False), k)
      few = torch.flatten(torch.gather(runs, 1, torch.expand(torch.unsqueeze(chosen, 2), [m, k, 64])), 1)
      ids = torch.add(torch.mul(torch.unsqueeze(chosen, 2), 64), torch.view(torch.arange(64, dtype=4, device=logits.device), [1, 1, 64]))
    else:
      whole = v // 16 * 16
      columns = torch.view(torch.narrow(logits, 1, 0, whole), [m, 16, -1])
      _0, chosen = torch.topk(torch.amax(columns, [1], False), k)
      few = torch.flatten(torch.gather(columns, 2, torch.expand(torch.unsqueeze(chosen, 1), [m, 16, k])), 1)
      ids = (self).of_columns(chosen, 16, whole // 16, )
    ids = torch.flatten(ids, 1)
    if whole < v:
      few = torch.cat([few, torch.narrow(logits, 1, whole, v - whole)], 1)
      rest = torch.unsqueeze(torch.arange(whole, v, dtype=4, device=logits.device), 0)
      ids = torch.cat([ids, torch.expand(rest, [m, v - whole])], 1)
    values, at = torch.topk(few, k)
    return (values, torch.gather(ids, 1, at))

  # Ids of columns [M, K] -> [M, R, K], where ids stand in R rows of W each.
  def of_columns(self: __torch__.CausalLm, columns: Tensor, r: int, w: int) -> Tensor:
    rows = torch.mul(torch.arange(r, dtype=4, device=columns.device), w)
    return torch.add(torch.unsqueeze(columns, 1), torch.view(rows, [1, -1, 1]))

  # By how much each of values [M, N] leads the next one. Between ids that are excluded there is nothing to choose.
  def leads(self: __torch__.CausalLm, values: Tensor) -> Tensor:
    n = torch.size(values, 1)
    gaps = torch.sub(torch.narrow(values, 1, 0, n - 1), torch.narrow(values, 1, 1, n - 1))
    return torch.masked_fill(gaps, torch.isnan(gaps), inf)

  # The `n` highest ids of logits [M, V], of equals the lower first, and the `n` + 1 highest values, or as many as there are.
  def leaders(self: __torch__.CausalLm, logits: Tensor, n: int) -> Tuple[Tensor, Tensor]:
    v = torch.size(logits, 1)
    if n == v:
      values, ids = torch.sort(logits, stable=True, dim=-1, descending=True)
      return (values, ids)
    values, ids = (self).highest(logits, n + 1, )
    gaps = (self).leads(values, )
    ids = torch.narrow(ids, 1, 0, n)
    tied = torch.flatten(torch.nonzero(torch.eq(torch.amin(gaps, [1], False), 0.)))
    if torch.size(tied, 0) > 0:
      some = torch.index_select(ids, 0, tied)
      ids = torch.index_copy(ids, 0, tied, (self).lower_first(torch.narrow(torch.index_select(values, 0, tied), 1, 0, n), some, n, ))
      # Where the last of them has an equal that is none, those with the lowest ids stay.
      cut = torch.flatten(torch.nonzero(torch.eq(torch.select(gaps, 1, n - 1), 0.)))
      if torch.size(cut, 0) > 0:
        _1, all = torch.sort(torch.index_select(logits, 0, cut), stable=True, dim=-1, descending=True)
        ids = torch.index_copy(ids, 0, cut, torch.narrow(all, 1, 0, n))
    return (values, ids)

  # ids [M, N] by falling value, of equals the lower first; the first `n`.
  def lower_first(self: __torch__.CausalLm, values: Tensor, ids: Tensor, n: int) -> Tensor:
    ascending, order = torch.sort(ids, stable=True, dim=-1, descending=False)
    _0, at = torch.sort(torch.gather(values, 1, order), stable=True, dim=-1, descending=True)
    return torch.narrow(torch.gather(ascending, 1, at), 1, 0, n)

  # log softmax of logits [M, V] at ids [M, N], some rows at a time.
  def log_probs(self: __torch__.CausalLm, logits: Tensor, ids: Tensor) -> Tensor:
    m = torch.size(logits, 0)
    rows = max(262144 // torch.size(logits, 1), 1)
    if m <= rows:
      return torch.gather(torch.log_softmax(logits, -1), 1, ids)
    parts = annotate(List[Tensor], [])
    at = 0
    while at < m:
      count = min(rows, m - at)
      _0 = torch.append(parts, torch.gather(torch.log_softmax(torch.narrow(logits, 0, at, count), -1), 1, torch.narrow(ids, 0, at, count)))
      at = at + count
    return torch.cat(parts, 0)

  # 64 bits of each of ids [M or 1, N], by keys [M] -> [M, N]: SplitMix64's finaliser but for its last step, which leaves the upper 31
  # bits as they are. Shifts of integers are arithmetic, so what they shift in is masked; numbers are the signed ones.
  def hashed(self: __torch__.CausalLm, keys: Tensor, steps: Tensor) -> Tensor:
    z = torch.add(steps, torch.unsqueeze(keys, 1))
    return (self).finalised(z, torch.empty_like(z), )

  # What `hashed` makes of ids and keys that are added up, in place; `shifted` is of z's size, and overwritten.
  def finalised(self: __torch__.CausalLm, z: Tensor, shifted: Tensor) -> Tensor:
    _0 = torch.bitwise_right_shift(z, 30, out=shifted)
    _1 = torch.bitwise_xor_(z, torch.bitwise_and_(shifted, 17179869183))
    _2 = torch.mul_(z, -4658895280553007687)
    _3 = torch.bitwise_right_shift(z, 27, out=shifted)
    _4 = torch.bitwise_xor_(z, torch.bitwise_and_(shifted, 137438953471))
    return torch.mul_(z, -7723592293110705685)

  # The highest of what `hashed` gives for each column of steps [R, W], by each of keys [M] -> [M, W]. All rows use the same memory.
  def hashed_ends(self: __torch__.CausalLm, keys: Tensor, steps: Tensor) -> Tensor:
    z = torch.empty_like(steps)
    shifted = torch.empty_like(steps)
    ends = annotate(List[Tensor], [])
    for i in range(torch.size(keys, 0)):
      _0 = torch.add(steps, torch.select(keys, 0, i), out=z)
      # Unsigned order is that of signed numbers with the other sign.
      _1 = torch.bitwise_xor_((self).finalised(z, shifted, ), -9223372036854775807 - 1)
      _2 = torch.append(ends, torch.amax(z, [0], False))
    return torch.stack(ends)

  # Noise.java's G of uniform numbers.
  def gumbel_of(self: __torch__.CausalLm, uniform: Tensor) -> Tensor:
    return torch.to(torch.neg(torch.log(torch.neg(torch.log(uniform)))), 6)

  # Noise.java's G of each of ids [M or 1, N], by keys [M] -> [M, N].
  def gumbel(self: __torch__.CausalLm, keys: Tensor, ids: Tensor) -> Tensor:
    z = (self).hashed(keys, torch.mul((self).to_ids(ids, ), -7046029254386353131), )
    z = torch.bitwise_xor(z, torch.bitwise_and(torch.bitwise_right_shift(z, 31), 8589934591))
    bits = torch.bitwise_and(torch.bitwise_right_shift(z, 12), 4503599627370495)
    return (self).gumbel_of(torch.mul(torch.add(torch.to(bits, 7), 0.5), 2.220446049250313e-16), )

  # Scores with noise of values [M, N], whose ids are given: the `n` + 1 highest, or as many as there are, and the `n` highest's
  # ids, of equals the lower first.
  def perturbed(self: __torch__.CausalLm, values: Tensor, ids: Tensor, n: int, keys: Tensor) -> Tuple[Tensor, Tensor]:
    scores = torch.add(values, (self).gumbel(keys, ids, ))
    best, at = torch.topk(scores, min(n + 1, torch.size(values, 1)))
    chosen = torch.narrow(torch.gather(ids, 1, at), 1, 0, n)
    tied = torch.flatten(torch.nonzero(torch.eq(torch.amin((self).leads(best, ), [1], False), 0.)))
    if torch.size(tied, 0) > 0:
      some = (self).lower_first(torch.index_select(scores, 0, tied), torch.index_select(ids, 0, tied), n, )
      chosen = torch.index_copy(chosen, 0, tied, some)
    return (best, chosen)

  # The first two of what `sampled` returns, with all ids in the race. Noise of them all is most of what a forward costs where there are
  # many. Its integers bound it, so that logarithms are taken of the few that can win.
  def race(self: __torch__.CausalLm, tempered: Tensor, n: int, keys: Tensor) -> Tuple[Tensor, Tensor]:
    m = torch.size(tempered, 0)
    v = torch.size(tempered, 1)
    every = torch.unsqueeze(torch.arange(v, dtype=4, device=tempered.device), 0)
    base = torch.amax(tempered, [1], True)
    if v < 16384 or n > 256:
      scores = torch.add(torch.sub(tempered, base), (self).gumbel(keys, every, ))
      values, ids = (self).leaders(scores, n, )
      return (values, ids)
    # Ids stand in 16 rows. The columns that are looked at have the highest of their values plus the highest of their noise.
    looked = 128 + n
    w = v // 16
    whole = w * 16
    steps = torch.view(torch.mul((self).to_ids(torch.narrow(every, 1, 0, whole), ), -7046029254386353131), [16, w])
    ends = annotate(List[Tensor], [])
    first = 0
    while first < w:
      # So many columns that what is computed of them stays in the processor's cache, for one row after the other.
      count = min(4096, w - first)
      _0 = torch.append(ends, (self).hashed_ends(keys, torch.contiguous(torch.narrow(steps, 1, first, count)), ))
      first = first + count
    # Of a column's highest number the upper 31 bits are known, from 0 to 2^31 - 1; its noise is below that of the next such number.
    upper = torch.add(torch.bitwise_right_shift(torch.cat(ends, 1), 33), 1073741825)
    most = (self).gumbel_of(torch.clamp(torch.mul(torch.to(upper, 7), 4.656612873077393e-10), None, 0.9999999999999999), )
    high = torch.sub(torch.amax(torch.view(torch.narrow(tempered, 1, 0, whole), [m, 16, w]), [1], False), base)
    bounds, chosen = torch.topk(torch.add(high, most), looked + 1)
    few = torch.flatten((self).of_columns(torch.narrow(chosen, 1, 0, looked), 16, w, ), 1)
    if whole < v:
      few = torch.cat([few, torch.expand(torch.narrow(every, 1, whole, v - whole), [m, v - whole])], 1)
    values, ids = (self).perturbed(torch.sub(torch.gather(tempered, 1, few), base), few, n, keys, )
    # A column that was not looked at may hold a better one: then all are, in those rows.
    lowest = torch.select(values, 1, torch.size(values, 1) - 1)
    open = torch.flatten(torch.nonzero(torch.ge(torch.add(torch.select(bounds, 1, looked), 0.001), lowest)))
    for i in range(torch.size(open, 0)):
      row = torch.narrow(open, 0, i, 1)
      scores = torch.add(torch.sub(torch.index_select(tempered, 0, row), torch.index_select(base, 0, row)), (self).gumbel(torch.index_select(keys, 0, row), every, ))
      best, at = (self).leaders(scores, n, )
      values = torch.index_copy(values, 0, row, best)
      ids = torch.index_copy(ids, 0, row, at)
    return (values, ids)

  # What `sampled` returns but for the last, with those in the race that top-k (`kept`, V for all) and top-p (`share`) leave of the `size` highest; then
  # the rows in which more than those may be left.
  def survivors(self: __torch__.CausalLm, tempered: Tensor, log_prob: Tensor, n: int, size: int, kept: int, share: float, keys: Tensor) -> Tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    v = torch.size(tempered, 1)
    values, ids = (self).leaders(tempered, size, )
    values = torch.narrow(values, 1, 0, size)
    places = torch.unsqueeze(torch.arange(size, dtype=4, device=tempered.device), 0)
    count = torch.full([torch.size(values, 0), 1], min(kept, size), dtype=4, device=tempered.device)
    base = torch.narrow(values, 1, 0, 1)
    if share < 1.:
      if kept == v:
        shares = torch.exp(torch.add(torch.sub(values, base), log_prob))
      else:
        shares = torch.softmax(torch.masked_fill(values, torch.ge(places, kept), -inf), -1)
      before = torch.sub(torch.cumsum(shares, -1), shares)
      inside = torch.sum(torch.logical_and(torch.lt(before, share), torch.lt(places, kept)), [1], True)
      count = torch.clamp(inside, 1, None)
    counts = torch.select(count, 1, 0)
    open = torch.flatten(torch.nonzero(torch.logical_and(torch.ge(counts, size), torch.lt(counts, kept))))
    most = min(size, max(int(torch.max(count)), n + 1))
    floor = torch.gather(values, 1, torch.sub(count, 1))
    last = torch.gather(ids, 1, torch.sub(count, 1))
    left = torch.sub(torch.narrow(values, 1, 0, most), base)
    left = torch.masked_fill(left, torch.ge(torch.narrow(places, 1, 0, most), count), -inf)
    best, chosen = (self).perturbed(left, torch.narrow(ids, 1, 0, most), n, keys, )
    constant = torch.logsumexp(left, [1], True)
    return (best, chosen, floor, last, constant, open)

  # Scores with noise, log p' + G up to a constant of each row, of logits after temperature [M, V]: the `n` + 1 highest, or as many as
  # there are; the ids of the `n` highest; and, where log-probabilities are asked for, value and id of the last that top-k and top-p
  # leave (those of none if all are left), that constant, and, if it is known, the log-probability of the highest after temperature.
  def sampled(self: __torch__.CausalLm, tempered: Tensor, n: int, sampler: List[float], keys: Tensor, detail: int) -> List[Tensor]:
    v = torch.size(tempered, 1)
    kept = int(sampler[1])
    if kept == 0 or kept > v:
      kept = v
    log_prob = tempered
    if kept == v and (sampler[2] < 1. or detail > {detail.ids}):
      _0, highest = (self).highest(tempered, 1, )
      log_prob = (self).log_probs(tempered, highest, )
    if kept == v and sampler[2] >= 1.:
      best, chosen = (self).race(tempered, n, keys, )
      if detail == {detail.ids}:
        return [best, chosen]
      floor = torch.full([torch.size(tempered, 0), 1], -inf, dtype=6, device=tempered.device)
      return [best, chosen, floor, torch.full_like(floor, v, dtype=4), torch.neg(log_prob), log_prob]
    size = min(max(kept, n + 1), v)
    if kept == v:
      size = min(max(128, n + 1), v)
    best, chosen, floor, last, constant, open = (self).survivors(tempered, log_prob, n, size, kept, sampler[2], keys, )
    told = [best, chosen, floor, last, constant]
    while torch.size(open, 0) > 0:
      if size < 512:
        size = min(512, v)
      elif size < 4096:
        size = min(4096, v)
      else:
        size = v
      best, chosen, floor, last, constant, still = (self).survivors(torch.index_select(tempered, 0, open), torch.index_select(log_prob, 0, open), n, size, kept, sampler[2], torch.index_select(keys, 0, open), )
      found = [best, chosen, floor, last, constant]
      for i in range(len(found)):
        told[i] = torch.index_copy(told[i], 0, open, found[i])
      open = torch.index_select(open, 0, still)
    if kept == v:
      _1 = torch.append(told, log_prob)
    return told

  # What `forward` returns, of logits [M, V]; gather [M, X] has the vocabulary's ids. NaN is the highest of all, so that the highest tells whether
  # there is any; -inf is what ids have that are not to be chosen.
  def scores(self: __torch__.CausalLm, logits: Tensor, k: int, gather: Tensor, detail: int, sampler: List[float], keys: Tensor) -> Tensor:
    if detail == {detail.logits}:
      return logits
    n = max(k, 1)
    tempered = logits
    told = annotate(List[Tensor], [])
    if len(sampler) > 0:
      if sampler[0] != 1.:
        tempered = torch.div(logits, sampler[0])
      told = (self).sampled(tempered, n, sampler, keys, detail, )
      values = told[0]
      ids = told[1]
    else:
      values, ids = (self).leaders(logits, n, )
    best = (self).to_ids(torch.narrow(ids, 1, 0, 1), )
    columns = annotate(Dict[int, Tensor], {})
    columns[{column.best}] = torch.add(torch.to(best, 6), torch.mul(torch.narrow(values, 1, 0, 1), 0.))
    columns[{column.gaps}] = (self).leads(values, )
    if detail >= {detail.log_probs}:
      x = torch.size(gather, 1)
      rows = (self).to_rows(gather, )
      outside = torch.lt(rows, 0)
      rows = torch.clamp(rows, 0, None)
      asked = ids
      if x > 0:
        asked = torch.cat([ids, rows], 1)
      if detail == {detail.rows}:
        probabilities = torch.log_softmax(logits, -1)
        log_probs = torch.gather(probabilities, 1, asked)
        columns[{column.row}] = (self).of_vocabulary(probabilities, )
      elif len(told) == 6 and sampler[0] == 1.:
        log_probs = torch.add(torch.sub(torch.gather(logits, 1, asked), torch.amax(logits, [1], True)), told[5])
      else:
        log_probs = (self).log_probs(logits, asked, )
      columns[{column.log_prob}] = torch.narrow(log_probs, 1, 0, 1)
      if k > 0:
        columns[{column.top_ids}] = torch.to((self).to_ids(ids, ), 6)
        columns[{column.top_log_probs}] = torch.narrow(log_probs, 1, 0, k)
      if x > 0:
        columns[{column.gathered}] = torch.masked_fill(torch.narrow(log_probs, 1, n, x), outside, -inf)
      if len(sampler) > 0:
        scores = torch.sub(torch.narrow(values, 1, 0, n), told[4])
        columns[{column.score}] = torch.narrow(scores, 1, 0, 1)
        if k > 0:
          columns[{column.top_scores}] = scores
        if x > 0:
          columns[{column.gathered_scores}] = torch.masked_fill((self).scores_of(tempered, rows, told, keys, ), outside, -inf)
    parts = annotate(List[Tensor], [])
    for column in range({column.length}):
      if column in columns:
        _0 = torch.append(parts, columns[column])
    return torch.cat(parts, 1)

  # Log-probabilities [M, V] of all ids of the vocabulary, also of those that the head does not score.
  def of_vocabulary(self: __torch__.CausalLm, log_probs: Tensor) -> Tensor:
    if len(self.kept) == 0:
      return log_probs
    all = torch.full([torch.size(log_probs, 0), torch.size(self.kept[1], 0)], -inf, dtype=6, device=log_probs.device)
    return torch.index_copy(all, 1, self.kept[0], log_probs)

  # Scores with noise of ids [M, X], with what `sampled` told.
  def scores_of(self: __torch__.CausalLm, tempered: Tensor, ids: Tensor, told: List[Tensor], keys: Tensor) -> Tensor:
    values = torch.gather(tempered, 1, ids)
    level = torch.add(torch.amax(tempered, [1], True), told[4])
    scores = torch.add(torch.sub(values, level), (self).gumbel(keys, ids, ))
    lower = torch.logical_and(torch.eq(values, told[2]), torch.gt(ids, told[3]))
    return torch.masked_fill(scores, torch.logical_or(torch.lt(values, told[2]), lower), -inf)

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
    self.norm_before = True
    self.last_norm = True
    self.outputs = torch.size(params[0], 0)
    self.gated = True
    self.activation = "silu"
    self.rotary = head_dim
    return None

  # Binds the forward to copies of the parameters in the compute dtype; the embedding, and so the residual stream, stays fp32.
  def bind(self: __torch__.CausalLm, params: List[Tensor], dtype: int) -> None:
    self.layers = (len(params) - 2) // 6
    self.embed = [params[0]]
    self.dtype = dtype
    self.first = annotate(List[int], [])
    self.layouts = annotate(List[int], [])
    self.matrices = annotate(List[Tensor], [])
    for i in range(self.layers):
      p = i * 6 + 2
      _6 = torch.append(self.first, len(self.layouts))
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
      self.rope = (self).rope_tables(512, self.rotary, "default", [10000.], annotate(List[float], []), ids, )
    x = torch.dropout(torch.embedding(self.embed[0], torch.flatten(ids)), dropout, True)
    cos = torch.to(torch.repeat(torch.unsqueeze(torch.slice(self.rope[0], 0, 0, t, 1), 1), [n, 1, 1]), self.dtype)
    sin = torch.to(torch.repeat(torch.unsqueeze(torch.slice(self.rope[1], 0, 0, t, 1), 1), [n, 1, 1]), self.dtype)
    for i in range(self.layers):
      all = torch.view((self).project(x, i, cos, sin, ), [n, t, self.heads + self.kv_heads * 2, self.head_dim])
      q = torch.narrow(all, 2, 0, self.heads)
      k = torch.narrow(all, 2, self.heads, self.kv_heads)
      v = torch.narrow(all, 2, self.heads + self.kv_heads, self.kv_heads)
      mixed = (self).attend(q, k, v, None, True, )
      x = torch.add(x, torch.dropout((self).linear(mixed, self.first[i] + 1, ), dropout, True))
      x = torch.add(x, torch.dropout((self).mlp(x, i, ), dropout, True))
    return torch.cross_entropy_loss((self).logits(torch.index_select(x, 0, asked), ), labels)

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
    _1 = __torch__.adamw.update(self.params, leaves, self.moment1, self.moment2, rate, decay, limit, step, )
    return torch.detach(loss)

  # The loss without dropout, summed over the asked positions.
  def evaluate(self: __torch__.CausalLm, ids: Tensor, asked: Tensor, labels: Tensor) -> Tensor:
    (self).bind(self.params, 6, )
    return torch.mul(torch.detach((self).mean_loss(ids, asked, labels, 0., )), torch.size(labels, 0))
