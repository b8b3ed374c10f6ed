# What both programs are trained by, in TorchScript (causal_lm.py says what that allows): AdamW (Loshchilov and Hutter, 2019) with
# betas 0.9 and 0.98, and gradients whose norm is limited.

# One step, from 1 on. leaves: copies of the parameters that a loss was taken backward to; params, moment1, moment2: updated in
# place. Matrices decay, vectors do not.
def update(params: List[Tensor], leaves: List[Tensor], moment1: List[Tensor], moment2: List[Tensor], rate: float, decay: float, limit: float, step: float) -> None:
  squares = annotate(List[Tensor], [])
  for i in range(len(leaves)):
    gradient = leaves[i].grad
    _0 = torch.append(squares, torch.sum(torch.mul(gradient, gradient)))
  norm = float(torch.item(torch.sqrt(torch.sum(torch.stack(squares)))))
  scale = 1.
  if norm > limit:
    scale = limit / norm
  correction1 = 1. - 0.9 ** step
  correction2 = 1. - 0.98 ** step
  for i in range(len(leaves)):
    gradient = torch.mul(torch.detach(leaves[i].grad), scale)
    m = moment1[i]
    v = moment2[i]
    _1 = torch.add_(torch.mul_(m, 0.9), gradient, alpha=0.1)
    _2 = torch.addcmul_(torch.mul_(v, 0.98), gradient, gradient, value=0.02)
    p = params[i]
    if torch.dim(p) > 1:
      _3 = torch.mul_(p, 1. - rate * decay)
    root = torch.add(torch.sqrt(torch.div(v, correction2)), 1e-8)
    _4 = torch.addcdiv_(p, m, root, value=-(rate / correction1))
  return None
