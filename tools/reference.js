// What the generated reference needs to know of this library, as a plugin of typedoc: methods of Tensor are functions with the tensor
// first and have their sentence and place from them; argument lists are tuples whose names are the arguments; members that a layer
// inherits stand with Module; asterisks are shapes, never emphasis.
import {
  Comment, CommentTag, Converter, DeclarationReflection, ParameterReflection, ReflectionFlag, ReflectionKind, ReflectionType, TypeScript as ts,
} from 'typedoc'; // prettier-ignore

/** The heading under which what a folder or file of src holds is listed; the first that fits. */
const CATEGORIES = [
  [/ops\/pointwise\//, 'Pointwise'],
  [/ops\/reduce\//, 'Reductions'],
  [/ops\/shape\/creation/, 'Making tensors'],
  [/ops\/shape\//, 'Shape and views'],
  [/ops\/indexing\//, 'Indexing, sorting, searching'],
  [/ops\/linalg/, 'Linear algebra'],
  [/ops\/random\/|base\/generator|base\/draws/, 'Random numbers'],
  [/ops\/spatial\/|nn\/functional\/(conv|fold)/, 'Convolution and pooling'],
  [/ops\/aliases/, 'Other names'],
  [/core\/(backward|scope|graph)|autograd/, 'Gradients and memory'],
  [/base\/errors/, 'Errors'],
  [/base\/dtype/, 'Dtypes'],
  [/runtime|device\//, 'Devices'],
  [/nn\/layers\/conv/, 'Convolution'],
  [/nn\/(layers|functional)\/(avgPool|maxPool|adaptive|fractional)/i, 'Pooling'],
  [/nn\/(layers|functional)\/(activation|softmax|parametric)/i, 'Activations'],
  [/nn\/(layers|functional)\/.*(loss|classification)/i, 'Losses'],
  [/nn\/(layers|functional)\/.*norm/i, 'Normalisation'],
  [/nn\/layers\/(rnn|recurrence)/i, 'Recurrent'],
  [/nn\/(layers|functional)\/(transformer|attention)/i, 'Attention'],
  [/nn\/(layers\/(containers|parameterContainers|identity)|module\/)/, 'Modules and containers'],
  [/nn\/(layers|functional)\/pad/, 'Padding'],
  [/nn\/(layers|functional)\/dropout/i, 'Dropout'],
  [/nn\/(layers|functional)\/(embedding|linear)/, 'Linear and embedding'],
  [/nn\/(layers|functional)\/(resample|distance|flatten|fold)/, 'Resampling, distances, reshaping'],
  [/optim\/.*(schedul|decays|cycles|plateau|average)/i, 'Schedules'],
  [/optim\//, 'Optimizers'],
];

export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, (context) => {
    const { project } = context;
    const program = context.programs[0];
    context.setActiveProgram(program);
    const sheet = new Reference(context, program.getTypeChecker());
    for (const reflection of project.getReflectionsByKind(ReflectionKind.Property)) sheet.asMethod(reflection);
    for (const reflection of project.getReflectionsByKind(ReflectionKind.SomeSignature))
      sheet.nameArguments(reflection);
    sheet.describeMethods();
    sheet.describeNamespaces();
    for (const reflection of Object.values(project.reflections)) {
      sheet.categorize(reflection);
      keepAsterisks(reflection.comment);
    }
  });
  // Behind the plugin that finds out what is inherited, before those that group members.
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => leaveOut(project), -50);
}

class Reference {
  constructor(context, checker) {
    this.context = context;
    this.checker = checker;
    this.tensor = context.project.getChildByName('Tensor');
  }

  symbolOf(reflection) {
    const own = reflection.id === undefined ? undefined : this.context.getSymbolFromReflection(reflection);
    if (own !== undefined || reflection.parent !== this.tensor) return own;
    const type = this.checker.getDeclaredTypeOfSymbol(this.context.getSymbolFromReflection(this.tensor));
    return type.getProperty(reflection.name);
  }

  /** A property of Tensor that is a function becomes a method. */
  asMethod(property) {
    if (property.parent !== this.tensor) return;
    const type = property.type;
    if (!(type instanceof ReflectionType) || !type.declaration.signatures) return;
    const { signatures } = type.declaration;
    delete property.type;
    property.kind = ReflectionKind.Method;
    property.signatures = signatures;
    for (const signature of signatures) {
      signature.parent = property;
      signature.name = property.name;
      signature.comment ??= property.comment?.clone();
    }
    delete property.comment;
  }

  /** `(...args: [dim?: number])` is written `(dim?: number)`: of several lists the one that names most arguments. */
  nameArguments(signature) {
    const { parameters } = signature;
    const last = parameters?.at(-1);
    if (!last?.flags.isRest) return;
    const owner = signature.parent;
    const symbol = this.symbolOf(owner.kind === ReflectionKind.Constructor ? owner.parent : owner);
    if (symbol === undefined) return;
    const of = this.checker.getTypeOfSymbol(symbol);
    const all = owner.kind === ReflectionKind.Constructor ? of.getConstructSignatures() : of.getCallSignatures();
    const typed = all[owner.signatures?.indexOf(signature) ?? 0];
    const rest = typed?.parameters.at(-1);
    if (rest === undefined) return;
    const type = this.checker.getTypeOfSymbol(rest);
    const lists = (type.isUnion() ? type.types : [type]).filter((t) => this.checker.isTupleType(t));
    const named = lists.filter(({ target }) => target.labeledElementDeclarations?.every((name) => name !== undefined));
    if (named.length === 0) return;
    const most = named.reduce((a, b) => (b.target.labeledElementDeclarations.length > a.target.labeledElementDeclarations.length ? b : a)); // prettier-ignore
    const { labeledElementDeclarations: labels, elementFlags } = most.target;
    const types = this.checker.getTypeArguments(most);
    parameters.pop();
    this.context.project.removeReflection(last);
    labels.forEach((label, i) => {
      const parameter = new ParameterReflection(label.name.text, ReflectionKind.Parameter, signature);
      parameter.type = this.context.converter.convertType(this.context, types[i]);
      parameter.setFlag(ReflectionFlag.Optional, (elementFlags[i] & ts.ElementFlags.Optional) !== 0);
      parameter.setFlag(ReflectionFlag.Rest, (elementFlags[i] & ts.ElementFlags.Variable) !== 0);
      this.context.registerReflection(parameter, undefined);
      parameters.push(parameter);
    });
  }

  /** Methods that say nothing themselves say what their function does. */
  describeMethods() {
    for (const method of this.tensor.children) {
      for (const signature of method.signatures ?? []) {
        if (signature.comment !== undefined) continue;
        const inPlace = method.name.endsWith('_');
        const source =
          this.functionOf(method.name) ?? (inPlace ? this.functionOf(method.name.slice(0, -1)) : undefined);
        if (source === undefined) continue;
        signature.comment = source.clone();
        if (inPlace) signature.comment.summary.unshift({ kind: 'text', text: 'In place: ' });
      }
    }
  }

  /** What the function `name` at the top level, or in `linalg` and `special`, says of itself; or the method of that name. */
  functionOf(name) {
    const { project } = this.context;
    const holders = [project, ...['linalg', 'special', 'nn'].map((n) => project.getChildByName(n)), this.tensor];
    for (const holder of holders) {
      const child = holder?.getChildByName([name]);
      const found = child?.isReference() ? child.tryGetTargetReflectionDeep() : child;
      const comment =
        found instanceof DeclarationReflection ? (found.signatures?.[0].comment ?? found.comment) : undefined;
      if (comment !== undefined) return comment;
    }
    return this.writtenAt(name);
  }

  /** The sentence above the function that the list of methods names `name`. */
  writtenAt(name) {
    const listed = this.symbolOf({ parent: this.tensor, name })?.declarations?.[0];
    if (listed === undefined) return undefined;
    let symbol;
    if (ts.isShorthandPropertyAssignment(listed)) symbol = this.checker.getShorthandAssignmentValueSymbol(listed);
    else if (ts.isPropertyAssignment(listed)) symbol = this.checker.getSymbolAtLocation(listed.initializer);
    if (symbol !== undefined && symbol.flags & ts.SymbolFlags.Alias) symbol = this.checker.getAliasedSymbol(symbol);
    const text = ts.displayPartsToString(symbol?.getDocumentationComment(this.checker) ?? []);
    return text === '' ? undefined : new Comment([{ kind: 'text', text }]);
  }

  /** A namespace says what the header of its file says, the whole what that of src/index.ts does. */
  describeNamespaces() {
    const { project } = this.context;
    for (const holder of [project, ...project.getReflectionsByKind(ReflectionKind.Namespace)]) {
      if (holder.comment !== undefined) continue;
      const file =
        holder === project
          ? this.context.programs[0].getSourceFile('src/index.ts')
          : this.symbolOf(holder)?.declarations?.[0]?.getSourceFile();
      const header = /^(\/\/ .*\n)+/.exec(file?.text ?? '')?.[0];
      if (header) holder.comment = new Comment([{ kind: 'text', text: header.replaceAll(/^\/\/ /gm, '').trim() }]);
    }
  }

  /** What has no heading gets that of its file; a method of Tensor that of the function behind it. */
  categorize(reflection) {
    const isMember = reflection.parent === this.tensor;
    const listed =
      ReflectionKind.ClassOrInterface | ReflectionKind.Function | ReflectionKind.Variable | ReflectionKind.TypeAlias;
    if (!reflection.kindOf(listed) && !isMember) return;
    const holder = reflection.signatures?.[0] ?? reflection;
    const name = isMember ? reflection.name.replace(/_$/, '') : reflection.name;
    const source = isMember ? (this.context.project.getChildByName([name]) ?? reflection) : reflection;
    const file = this.symbolOf(source)?.declarations?.[0]?.getSourceFile().fileName ?? '';
    const category = CATEGORIES.find(([pattern]) => pattern.test(file))?.[1];
    if (category === undefined || holder.comment === undefined) return;
    holder.comment.blockTags.push(new CommentTag('@category', [{ kind: 'text', text: category }]));
  }
}

/** Shapes such as [N, *] in running text; code is left alone. */
function keepAsterisks(comment) {
  if (!(comment instanceof Comment)) return;
  for (const parts of [comment.summary, ...comment.blockTags.map(({ content }) => content)]) {
    for (const part of parts) if (part.kind === 'text') part.text = part.text.replaceAll('*', '\\*');
  }
}

/** Members with symbols of the library's own for names, and what every module has from Module. */
function leaveOut(project) {
  const PUBLIC = /^\[(async)?iterator\]$|^\[dispose\]$/;
  for (const reflection of Object.values(project.reflections)) {
    if (!(reflection instanceof DeclarationReflection) || !reflection.parent?.kindOf(ReflectionKind.ClassOrInterface))
      continue;
    const isOwn = reflection.inheritedFrom === undefined;
    if (isOwn ? reflection.name.startsWith('[') && !PUBLIC.test(reflection.name) : true)
      project.removeReflection(reflection);
  }
}
