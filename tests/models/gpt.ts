// A small GPT-2 with the names of its published weights; the output layer shares the token embedding.
import { arange, nn, ones, tril, zeros, empty, type Tensor } from '../../src';

const F = nn.functional;

/** A linear layer whose weight is [inputs, outputs]. */
class Conv1D extends nn.Module {
  weight: nn.Parameter;
  bias: nn.Parameter;

  constructor(outputs: number, inputs: number) {
    super();
    this.weight = new nn.Parameter(empty(inputs, outputs));
    this.bias = new nn.Parameter(zeros(outputs));
    nn.init.normal_(this.weight, { std: 0.02 });
  }

  override forward(x: Tensor): Tensor {
    return x.matmul(this.weight).add(this.bias);
  }
}

class Attention extends nn.Module {
  declare bias: Tensor;
  c_attn: Conv1D;
  c_proj: Conv1D;

  constructor(
    size: number,
    readonly heads: number,
    block: number,
  ) {
    super();
    this.registerBuffer('bias', tril(ones(block, block)).to('uint8').view(1, 1, block, block));
    this.c_attn = new Conv1D(3 * size, size);
    this.c_proj = new Conv1D(size, size);
  }

  override forward(x: Tensor): Tensor {
    const [batch, steps, size] = x.shape;
    const byHead = (t: Tensor): Tensor => t.view(batch, steps, this.heads, size / this.heads).transpose(1, 2);
    const [q, k, v] = this.c_attn(x).split(size, 2).map(byHead);
    const scores = q.matmul(k.mT).div(Math.sqrt(size / this.heads));
    const isLater = this.bias.narrow(2, 0, steps).narrow(3, 0, steps).eq(0);
    const weights = F.softmax(scores.maskedFill(isLater, -Infinity), -1);
    return this.c_proj(weights.matmul(v).transpose(1, 2).reshape(batch, steps, size));
  }
}

class MLP extends nn.Module {
  c_fc: Conv1D;
  c_proj: Conv1D;

  constructor(size: number) {
    super();
    this.c_fc = new Conv1D(4 * size, size);
    this.c_proj = new Conv1D(size, 4 * size);
  }

  override forward(x: Tensor): Tensor {
    return this.c_proj(F.gelu(this.c_fc(x), { approximate: 'tanh' }));
  }
}

class Block extends nn.Module {
  ln_1: nn.LayerNorm;
  attn: Attention;
  ln_2: nn.LayerNorm;
  mlp: MLP;

  constructor(size: number, heads: number, block: number) {
    super();
    this.ln_1 = new nn.LayerNorm(size);
    this.attn = new Attention(size, heads, block);
    this.ln_2 = new nn.LayerNorm(size);
    this.mlp = new MLP(size);
  }

  override forward(input: Tensor): Tensor {
    const x = input.add(this.attn(this.ln_1(input)));
    return x.add(this.mlp(this.ln_2(x)));
  }
}

/** Shape: tokens [N, T] -> logits [N, T, vocab]. */
export class GPT extends nn.Module {
  wte: nn.Embedding;
  wpe: nn.Embedding;
  h: nn.ModuleList<Block>;
  ln_f: nn.LayerNorm;

  constructor(vocab = 65, block = 16, size = 32, heads = 4, layers = 2) {
    super();
    this.wte = new nn.Embedding(vocab, size);
    this.wpe = new nn.Embedding(block, size);
    this.h = new nn.ModuleList(Array.from({ length: layers }, () => new Block(size, heads, block)));
    this.ln_f = new nn.LayerNorm(size);
    nn.init.normal_(this.wte.weight, { std: 0.02 });
    nn.init.normal_(this.wpe.weight, { std: 0.01 });
  }

  override forward(tokens: Tensor): Tensor {
    let x = this.wte(tokens).add(this.wpe(arange(tokens.size(1))));
    for (const block of this.h) x = block(x);
    return this.ln_f(x).matmul(this.wte.weight.mT);
  }
}
