import { mul } from '../expression/expression';
import { ADAM_DEFAULTS, ADAM_ORDER, adamUpdate, checkAdamOptions, type AdamArguments, type AdamOptions } from './adam';
import { affine, descent, ElementwiseOptimizer, type Update, type UpdateSymbols } from './updateRule';
import type { ParamsArgument } from './optimizer';
import { optimizerOptions } from './options';

const DEFAULTS: AdamOptions = { ...ADAM_DEFAULTS, weightDecay: 1e-2 };

/**
 * Adam with the decay of weights apart from the gradient: p <- (1 - lr weightDecay) p before Adam's step.
 * @example new AdamW(net.parameters(), { lr: 1e-3, weightDecay: 0.05 })
 * @see torch.optim.AdamW, https://arxiv.org/abs/1711.05101
 */
export class AdamW extends ElementwiseOptimizer<AdamOptions> {
  static override readonly name: string = 'AdamW';

  constructor(params: ParamsArgument<AdamOptions>, ...args: AdamArguments) {
    super(params, DEFAULTS, optimizerOptions<AdamOptions>('AdamW', ADAM_ORDER, DEFAULTS, params, args));
  }

  protected checkOptions(options: AdamOptions): void {
    checkAdamOptions('AdamW', options);
  }

  protected update(symbols: UpdateSymbols, options: AdamOptions): Update {
    const decayed = mul(affine(symbols, 1, -options.weightDecay, options.lr), symbols.param);
    return adamUpdate(symbols, decayed, descent(symbols, { maximize: options.maximize }), options);
  }
}
