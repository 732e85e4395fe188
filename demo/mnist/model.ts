// The network: two convolutions and a linear layer, 20,490 weights.
import { nn, type Tensor } from 'kindling';

/** Mean and standard deviation of the training images, in grey levels from 0 to 255. */
const MEAN = 33.32;
const STD = 78.57;

/**
 * A convolutional network for pictures of digits.
 *
 * Shape: images [N, 1, 28, 28], uint8 -> logits [N, 10]. The pictures stay bytes in memory until a batch is used.
 */
export class Net extends nn.Module {
  features = new nn.Sequential(
    new nn.Conv2d(1, 16, 3, { padding: 1 }),
    new nn.ReLU(),
    new nn.MaxPool2d(2), // [16, 14, 14]
    new nn.Conv2d(16, 32, 3, { padding: 1 }),
    new nn.ReLU(),
    new nn.MaxPool2d(2), // [32, 7, 7]
    new nn.Flatten(),
  );
  classifier = new nn.Linear(32 * 7 * 7, 10);

  override forward(images: Tensor): Tensor {
    const x = images.float().sub(MEAN).div(STD);
    return this.classifier(this.features(x));
  }
}
