// Loops in which nets learn sequences.
import type { Tensor } from 'kindling';
import type { MakeLoop } from './run';

export const SEQUENCES = {
  /** 0.8 million parameters. */
  gpt: ({ nn, optim, randint, arange }, { trained }) => {
    const [vocabulary, width, length, batch] = [65, 128, 64, 16];
    class GPT extends nn.Module {
      readonly wte = new nn.Embedding(vocabulary, width);
      readonly wpe = new nn.Embedding(length, width);
      readonly h = new nn.TransformerEncoder(
        new nn.TransformerEncoderLayer(width, 4, 4 * width, { dropout: 0, batchFirst: true, normFirst: true }),
        4,
      );
      readonly head = new nn.Linear(width, vocabulary);
      override forward(ids: Tensor): Tensor {
        const x = this.wte(ids).add(this.wpe(arange(length)));
        return this.head(this.h(x, { mask: nn.Transformer.generateSquareSubsequentMask(length) }));
      }
    }
    const model = new GPT();
    const data = randint(vocabulary, [10000]);
    const optimizer = new optim.AdamW(model.parameters(), { lr: 1e-3 });
    return () => {
      const ix = randint(10000 - length - 1, [batch, 1]).add(arange(length));
      const [x, y] = [data.at(ix), data.at(ix.add(1))];
      return trained(optimizer, nn.functional.crossEntropy(model(x).view(-1, vocabulary), y.view(-1)));
    };
  },

  /** The state goes from step to step, out of the graph. */
  lstm: ({ nn, optim, randint, zeros }) => {
    const [vocabulary, width, length, batch] = [40, 64, 24, 16];
    const embedding = new nn.Embedding(vocabulary, width);
    const lstm = new nn.LSTM(width, width, { numLayers: 2 });
    const head = new nn.Linear(width, vocabulary);
    const parameters = [embedding, lstm, head].flatMap((module) => [...module.parameters()]);
    const optimizer = new optim.Adam(parameters, { lr: 2e-3 });
    let state: readonly Tensor[] = [zeros(2, batch, width), zeros(2, batch, width)];
    return () => {
      const ids = randint(vocabulary, [length + 1, batch]);
      const [h, c] = state.map((s) => s.detach());
      const [y, next] = lstm(embedding(ids.at(':-1')), [h, c]);
      state = next;
      const loss = nn.functional.crossEntropy(head(y).view(-1, vocabulary), ids.at('1:').reshape(-1));
      optimizer.zeroGrad();
      loss.backward();
      nn.utils.clipGradNorm_(parameters, 0.5);
      void optimizer.step();
      return loss;
    };
  },

  /** A decoder that is called for each word, as in translation with attention. */
  seq2seq: ({ nn, optim, randint, zeros, cat }, { trained }) => {
    const [vocabulary, width, length, batch] = [50, 64, 8, 16];
    const [from, to] = [new nn.Embedding(vocabulary, width), new nn.Embedding(vocabulary, width)];
    const encoder = new nn.GRU(width, width, { batchFirst: true });
    const cell = new nn.GRUCell(2 * width, width);
    const out = new nn.Linear(2 * width, vocabulary);
    const modules = [from, to, encoder, cell, out];
    const optimizer = new optim.Adam(modules.flatMap((module) => [...module.parameters()]), { lr: 1e-3 }); // prettier-ignore
    return () => {
      const [source, target] = [randint(vocabulary, [batch, length]), randint(vocabulary, [batch, length])];
      const [memory, hidden] = encoder(from(source));
      let h = hidden.at(0);
      let loss = zeros(1).sum();
      let word = zeros([batch], { dtype: 'int64' });
      for (let t = 0; t < length; t++) {
        const weights = nn.functional.softmax(memory.matmul(h.unsqueeze(2)).squeeze(2), 1);
        const context = weights.unsqueeze(1).matmul(memory).squeeze(1);
        h = cell(cat([to(word), context], 1), h);
        const logits = out(cat([h, context], 1));
        word = t % 2 === 0 ? target.at(':', t) : logits.detach().argmax(1);
        loss = loss.add(nn.functional.crossEntropy(logits, target.at(':', t)));
      }
      return trained(optimizer, loss.div(length));
    };
  },

  /** Probabilities of what was done are gathered for a whole episode; so are rewards. */
  reinforce: ({ nn, optim, randn, stack }, { perceptron, call, trained }) => {
    const policy = perceptron(16, 64, 4);
    const optimizer = new optim.Adam(policy.parameters(), { lr: 1e-2 });
    return () => {
      let state = randn(32, 16);
      const [chosen, rewards]: [Tensor[], Tensor[]] = [[], []];
      for (let t = 0; t < 10; t++) {
        const logProbs = nn.functional.logSoftmax(call(policy, state), 1);
        const action = logProbs.detach().exp().multinomial(1);
        chosen.push(logProbs.gather(1, action).squeeze(1));
        state = state.mul(0.9).add(action.float().sub(1.5).mul(0.1));
        rewards.push(state.square().mean(1).neg());
      }
      let sum = rewards[9].mul(0);
      const returns: Tensor[] = [];
      for (const reward of rewards.reverse()) returns.unshift((sum = sum.mul(0.99).add(reward)));
      const gain = stack(returns);
      const scaled = gain.sub(gain.mean()).div(gain.std().add(1e-6));
      return trained(optimizer, stack(chosen).mul(scaled).sum(0).mean().neg());
    };
  },

  /** Learns from a memory of 512 past moves, towards a second net that follows the first. */
  dqn: ({ nn, optim, randn, cat, noGrad }, { perceptron, call, trained }) => {
    const [policy, target] = [perceptron(16, 64, 4), perceptron(16, 64, 4)];
    target.loadStateDict(policy.stateDict());
    const optimizer = new optim.AdamW(policy.parameters(), { lr: 1e-3, amsgrad: true });
    type Move = readonly [state: Tensor, action: Tensor, next: Tensor, reward: Tensor];
    const moves: Move[] = [];
    let state = randn(1, 16);
    let seed = 1;
    const pick = (): Move => moves[(seed = (seed * 16807) % 2147483647) % moves.length];
    return () => {
      const action = noGrad(() => call(policy, state).argmax(1, { keepdim: true }));
      const next = state.mul(0.9).add(randn(1, 16).mul(0.1)).add(action.float().mul(0.01));
      moves.push([state, action, next, next.square().mean().neg().view(1)]);
      if (moves.length > 512) moves.shift();
      state = next;
      const batch = Array.from({ length: 32 }, pick);
      const [states, actions, nexts, rewards] = [0, 1, 2, 3].map((i) => cat(batch.map((move) => move[i])));
      const values = call(policy, states).gather(1, actions).squeeze(1);
      const wanted = noGrad(() => call(target, nexts).max(1)[0].mul(0.99).add(rewards));
      const loss = trained(optimizer, nn.functional.smoothL1Loss(values, wanted));
      const [mine, its] = [policy.stateDict(), target.stateDict()];
      for (const [key, value] of Object.entries(mine)) its[key] = value.mul(0.005).add(its[key].mul(0.995));
      target.loadStateDict(its);
      return loss;
    };
  },
} satisfies Record<string, MakeLoop>;
