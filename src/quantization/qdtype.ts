// What quantized numbers are: 8-bit integers, of the whole tensor or channel by channel, and their ranges.
import { oneOf } from '../base/kinds';

/** Signed 8-bit integers with a scale and a zero point. @see torch.qint8 */
export const qint8 = 'qint8';
/** Unsigned 8-bit integers with a scale and a zero point. @see torch.quint8 */
export const quint8 = 'quint8';
/** The dtypes of quantized tensors. */
export type QDType = typeof qint8 | typeof quint8;

/** One scale and zero point for the whole tensor. @see torch.per_tensor_affine */
export const perTensorAffine = 'per_tensor_affine';
/** One scale for the whole tensor, and a range about 0. @see torch.per_tensor_symmetric */
export const perTensorSymmetric = 'per_tensor_symmetric';
/** A scale and a zero point for each channel. @see torch.per_channel_affine */
export const perChannelAffine = 'per_channel_affine';
/** A scale for each channel, and ranges about 0. @see torch.per_channel_symmetric */
export const perChannelSymmetric = 'per_channel_symmetric';
/** How real numbers are mapped to integers. */
export type QScheme =
  typeof perTensorAffine | typeof perTensorSymmetric | typeof perChannelAffine | typeof perChannelSymmetric;

/** What memory holds of each, and its bounds. */
export const QDTYPES = {
  qint8: { holds: 'int8', min: -128, max: 127 },
  quint8: { holds: 'uint8', min: 0, max: 255 },
} as const;

export const QDTYPE = oneOf(qint8, quint8);
export const QSCHEME = oneOf(perTensorAffine, perTensorSymmetric, perChannelAffine, perChannelSymmetric);
