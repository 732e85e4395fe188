/** Cases that differ from PyTorch on purpose, with why. */
export const EXCEPTIONS: Readonly<Record<string, string>> = {
  'torch.topk/op_db/int64_1': 'which of equals comes first is not defined; ours is the first',
  'torch.mode/op_db/float32_6': 'which of equals is named is not defined; ours is the last',
};
