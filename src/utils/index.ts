// torch.utils, as far as it has no place of its own: what exchanges time for memory.
export * as checkpoint from './checkpoint';
