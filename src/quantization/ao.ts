// torch.ao, of which quantization is the part that is here.
export * as quantization from './index';
