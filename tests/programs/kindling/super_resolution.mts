// pytorch/examples/super_resolution: ESPCN with PixelShuffle, on smooth synthetic images.
import { arange, manualSeed, nn, noGrad, optim, rand, stack, type Tensor } from 'kindling';

class Net extends nn.Module {
  relu = new nn.ReLU();
  conv1 = new nn.Conv2d(1, 64, [5, 5], [1, 1], [2, 2]);
  conv2 = new nn.Conv2d(64, 64, [3, 3], [1, 1], [1, 1]);
  conv3 = new nn.Conv2d(64, 32, [3, 3], [1, 1], [1, 1]);
  conv4: nn.Conv2d;
  pixelShuffle: nn.PixelShuffle;

  constructor(upscaleFactor: number) {
    super();
    this.conv4 = new nn.Conv2d(32, upscaleFactor ** 2, [3, 3], [1, 1], [1, 1]);
    this.pixelShuffle = new nn.PixelShuffle(upscaleFactor);
    this._initializeWeights();
  }
  forward(x: Tensor) {
    x = this.relu(this.conv1(x));
    x = this.relu(this.conv2(x));
    x = this.relu(this.conv3(x));
    return this.pixelShuffle(this.conv4(x));
  }
  _initializeWeights() {
    nn.init.orthogonal_(this.conv1.weight, nn.init.calculateGain('relu'));
    nn.init.orthogonal_(this.conv2.weight, nn.init.calculateGain('relu'));
    nn.init.orthogonal_(this.conv3.weight, nn.init.calculateGain('relu'));
    nn.init.orthogonal_(this.conv4.weight);
  }
}

manualSeed(123);
const size = 32;
const grid = arange(size).div(size);
const images = stack(
  Array.from({ length: 64 }, () => {
    const f = rand(4).mul(12);
    return grid
      .unsqueeze(1)
      .mul(f.at(0))
      .add(f.at(1))
      .sin()
      .mul(grid.unsqueeze(0).mul(f.at(2)).add(f.at(3)).cos());
  }),
)
  .unsqueeze(1)
  .mul(0.5)
  .add(0.5);
const small = nn.functional.interpolate(images, { scaleFactor: 1 / 3, mode: 'bilinear', alignCorners: false });
const target = nn.functional.interpolate(images, { size: [30, 30], mode: 'bilinear', alignCorners: false });
console.log(small.shape, target.shape);

const model = new Net(3);
const criterion = new nn.MSELoss();
const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 });
for (let epoch = 0; epoch < 6; epoch++) {
  let epochLoss = 0;
  for (const [i, input] of small.split(16).entries()) {
    optimizer.zeroGrad();
    const loss = criterion(model(input), target.at(`${i * 16}:${i * 16 + 16}`));
    epochLoss += await loss.item();
    loss.backward();
    optimizer.step();
  }
  const mse = await noGrad(() => criterion(model(small), target)).item();
  if (epoch % 2 === 1)
    console.log(`epoch ${epoch} loss ${(epochLoss / 4).toFixed(5)} psnr ${(10 * Math.log10(1 / mse)).toFixed(2)} dB`);
}
