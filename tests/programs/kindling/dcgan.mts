// pytorch/examples/dcgan, on 28x28 digits padded to 32x32.
import { data, full, manualSeed, nn, optim, randn, type Tensor } from 'kindling';
import { mnist } from './mnist_data.mjs';

const nz = 32,
  ngf = 16,
  ndf = 16,
  nc = 1;

// custom weights initialization called on netG and netD
function weightsInit(m: nn.Module) {
  if (m instanceof nn.Conv2d || m instanceof nn.ConvTranspose2d) {
    nn.init.normal_(m.weight, 0.0, 0.02);
  } else if (m instanceof nn.BatchNorm2d) {
    nn.init.normal_(m.weight!, 1.0, 0.02);
    nn.init.zeros_(m.bias!);
  }
}

class Generator extends nn.Module {
  main = new nn.Sequential(
    new nn.ConvTranspose2d(nz, ngf * 4, 4, 1, 0, { bias: false }),
    new nn.BatchNorm2d(ngf * 4),
    new nn.ReLU(true),
    new nn.ConvTranspose2d(ngf * 4, ngf * 2, 4, 2, 1, { bias: false }),
    new nn.BatchNorm2d(ngf * 2),
    new nn.ReLU(true),
    new nn.ConvTranspose2d(ngf * 2, ngf, 4, 2, 1, { bias: false }),
    new nn.BatchNorm2d(ngf),
    new nn.ReLU(true),
    new nn.ConvTranspose2d(ngf, nc, 4, 2, 1, { bias: false }),
    new nn.Tanh(),
  );
  forward(input: Tensor) {
    return this.main(input);
  }
}

class Discriminator extends nn.Module {
  main = new nn.Sequential(
    new nn.Conv2d(nc, ndf, 4, 2, 1, { bias: false }),
    new nn.LeakyReLU(0.2, { inplace: true }),
    new nn.Conv2d(ndf, ndf * 2, 4, 2, 1, { bias: false }),
    new nn.BatchNorm2d(ndf * 2),
    new nn.LeakyReLU(0.2, { inplace: true }),
    new nn.Conv2d(ndf * 2, ndf * 4, 4, 2, 1, { bias: false }),
    new nn.BatchNorm2d(ndf * 4),
    new nn.LeakyReLU(0.2, { inplace: true }),
    new nn.Conv2d(ndf * 4, 1, 4, 1, 0, { bias: false }),
    new nn.Sigmoid(),
  );
  forward(input: Tensor) {
    return this.main(input).view(-1, 1).squeeze(1);
  }
}

manualSeed(999);
const netG = new Generator();
netG.apply(weightsInit);
const netD = new Discriminator();
netD.apply(weightsInit);
console.log(String(netG));
console.log('conv std', (await netG.getParameter('main.0.weight').std().item()).toFixed(6));

const [images] = mnist(true, 512);
const real = nn.functional.pad(images.mul(0.3081).add(0.1307), [2, 2, 2, 2]).mul(2).sub(1);
const dataloader = new data.DataLoader(new data.TensorDataset(real), { batchSize: 64, shuffle: true });
const criterion = new nn.BCELoss();
const optimizerD = new optim.Adam(netD.parameters(), { lr: 0.0002, betas: [0.5, 0.999] });
const optimizerG = new optim.Adam(netG.parameters(), { lr: 0.0002, betas: [0.5, 0.999] });

for (let epoch = 0; epoch < 2; epoch++) {
  let i = 0;
  for await (const [realCpu] of dataloader) {
    // (1) Update D network: maximize log(D(x)) + log(1 - D(G(z)))
    netD.zeroGrad();
    const batchSize = realCpu.size(0);
    const label = full([batchSize], 1);
    let output = netD(realCpu);
    const errDReal = criterion(output, label);
    errDReal.backward();
    const Dx = output.mean();

    const noise = randn(batchSize, nz, 1, 1);
    const fake = netG(noise);
    label.fill_(0);
    output = netD(fake.detach());
    const errDFake = criterion(output, label);
    errDFake.backward();
    const DGz1 = output.mean();
    const errD = errDReal.add(errDFake);
    optimizerD.step();

    // (2) Update G network: maximize log(D(G(z)))
    netG.zeroGrad();
    label.fill_(1);
    output = netD(fake);
    const errG = criterion(output, label);
    errG.backward();
    const DGz2 = output.mean();
    optimizerG.step();
    if (i % 4 === 0) {
      const [d, g, dx, z1, z2] = await Promise.all([errD, errG, Dx, DGz1, DGz2].map((t) => t.item()));
      console.log(
        `[${epoch}/2][${i}/${dataloader.length}] Loss_D: ${d.toFixed(4)} Loss_G: ${g.toFixed(4)} D(x): ${dx.toFixed(4)} D(G(z)): ${z1.toFixed(4)} / ${z2.toFixed(4)}`,
      );
    }
    i++;
  }
}
