// torch.amp, as far as it has a place without automatic casts: scaling of losses.
export { GradScaler, type GradScalerOptions, type GradScalerState } from './gradScaler';
