// The PyTorch tutorial on knowledge distillation: soft targets with temperature, and a cosine loss on features by a hook.
import { data, manualSeed, nn, noGrad, ones, optim, type Tensor } from 'kindling';
import { mnist } from './mnist_data.mjs';

const F = nn.functional;
manualSeed(42);
const loader = new data.DataLoader(new data.TensorDataset(...mnist(true, 600)), { batchSize: 100, shuffle: true });
const make = (w: number) =>
  new nn.Sequential({
    conv1: new nn.Conv2d(1, w, 3, { stride: 2 }),
    relu1: new nn.ReLU(),
    conv2: new nn.Conv2d(w, w, 3, { stride: 2 }),
    relu2: new nn.ReLU(),
    flat: new nn.Flatten(),
    hidden: new nn.Linear(w * 36, 32),
    relu3: new nn.ReLU(),
    drop: new nn.Dropout(0),
    out: new nn.Linear(32, 10),
  });

async function train(model: nn.Module, epochs: number, lossOf: (x: Tensor, y: Tensor) => Tensor) {
  const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 });
  model.train();
  let loss!: Tensor;
  for (let e = 0; e < epochs; e++) {
    for await (const [x, y] of loader) {
      optimizer.zeroGrad();
      loss = lossOf(x, y);
      loss.backward();
      optimizer.step();
    }
  }
  return (await loss.item()).toFixed(4);
}
const ce = new nn.CrossEntropyLoss();
const teacher = make(16);
console.log('teacher loss', await train(teacher, 3, (x, y) => ce(teacher(x), y)));
const plain = make(2);
console.log('student alone', await train(plain, 3, (x, y) => ce(plain(x), y)));

const student = make(2);
const features: { teacher?: Tensor; student?: Tensor } = {};
const h1 = teacher.relu3.registerForwardHook((_module, _input, output) => {
  features.teacher = output.detach();
});
const h2 = student.relu3.registerForwardHook((_module, _input, output) => {
  features.student = output;
});
teacher.eval();
const cosine = new nn.CosineEmbeddingLoss();
const T = 2;
const loss = await train(student, 3, (x, y) => {
  const teacherLogits = noGrad(() => teacher(x));
  const studentLogits = student(x);
  const softTargets = F.softmax(teacherLogits.div(T), -1);
  const softProb = F.logSoftmax(studentLogits.div(T), -1);
  const softTargetsLoss = softTargets
    .mul(softTargets.log().sub(softProb))
    .sum()
    .div(softProb.size(0))
    .mul(T ** 2);
  const hidden = cosine(features.student!, features.teacher!, ones(x.size(0)));
  return softTargetsLoss.mul(0.25).add(ce(studentLogits, y).mul(0.75)).add(hidden.mul(0.1));
});
h1.remove();
h2.remove();
console.log('student with teacher', loss);
