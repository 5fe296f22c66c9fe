/** The messages of errors, as the sources have them: a template with … where a value is put in. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';

export interface Message {
  /** Class of the error. */
  readonly kind: string;
  readonly text: string;
  /** File below src/. */
  readonly file: string;
}

/** A function that makes errors out of what it is given. */
interface Maker {
  readonly kind: string;
  readonly name: string;
  readonly file: string;
  readonly parameters: readonly string[];
  readonly template: ts.Expression;
}

type Values = ReadonlyMap<string, readonly string[]>;

/** Text for a value that is known only when the program runs. */
const OPEN = '…';
/** More texts than these come of one template only where values multiply each other. */
const MOST_VARIANTS = 6;
/** They never leave the library. */
const INTERNAL = ['LimitError', 'RaisedError'];
/** Classes of src that are a kind of another. */
const PARENTS: Readonly<Record<string, string>> = { JsonError: 'DataError' };

/** Messages of all errors below a folder, each once for each file and kind. */
export function messagesOf(folder: string): Message[] {
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.gen.ts'))
    .map((name) => join(folder, name))
    .map((path) => ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true));
  const found: Message[] = [];
  const makers: Maker[] = [];
  for (const source of sources) {
    const file = relative(folder, source.fileName);
    for (const [kind, template] of templatesOf(source)) {
      const maker = makerOf(kind, template, source.fileName);
      if (maker) makers.push(maker);
      else for (const text of textsOf(template, new Map())) found.push({ kind, text, file });
    }
  }
  for (const maker of makers) found.push(...madeBy(maker, sources, folder));
  const worded = found.filter(({ text }) => /\p{L}{2}/u.test(text));
  return [...new Map(worded.map((each) => [JSON.stringify(each), each])).values()];
}

/** The kind and first argument of each error that a file makes. */
function templatesOf(source: ts.SourceFile): [kind: string, template: ts.Expression][] {
  const found: [string, ts.Expression][] = [];
  const add = (name: string, template: ts.Expression | undefined) => {
    if (template && !INTERNAL.includes(name)) found.push([PARENTS[name] ?? name, template]);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isNewExpression(node) && ts.isIdentifier(node.expression)) {
      const { text } = node.expression;
      if (/Error$|^Interrupted$/.test(text) && !(text in PARENTS)) add(text, node.arguments?.[0]);
    }
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.SuperKeyword) {
      const [first] = node.arguments;
      const owner = ts.findAncestor(node, ts.isClassDeclaration)?.name?.text ?? '';
      if (/Error$/.test(owner) && ts.isTemplateExpression(first)) add(owner, first);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** The function around a template that puts its parameters into it. */
function makerOf(kind: string, template: ts.Expression, file: string): Maker | undefined {
  const owner = ts.findAncestor(template, ts.isFunctionLike);
  if (!owner) return undefined;
  const parameters = owner.parameters.map(({ name }) => name.getText());
  const isUsed = (node: ts.Node): boolean =>
    (ts.isIdentifier(node) && parameters.includes(node.text)) || (ts.forEachChild(node, isUsed) ?? false);
  const named = ts.isArrowFunction(owner) ? ts.findAncestor(owner, ts.isVariableDeclaration) : owner;
  const name = named?.name?.getText();
  const makes = ts.isFunctionDeclaration(owner) || ts.isMethodDeclaration(owner) || ts.isArrowFunction(owner);
  if (!makes || !name || !isUsed(template) || !returnsError(owner)) return undefined;
  return { kind, name, file, parameters, template };
}

/** Whether a function gives an error back, rather than throwing it. */
function returnsError(owner: ts.SignatureDeclaration): boolean {
  if (owner.type) return /Error$/.test(owner.type.getText());
  if (!ts.isArrowFunction(owner)) return false;
  return ts.isNewExpression(owner.body);
}

/** The messages that the callers of a maker put together. */
function madeBy(maker: Maker, sources: readonly ts.SourceFile[], folder: string): Message[] {
  const found: Message[] = [];
  for (const source of sources) {
    if (source.fileName !== maker.file && !importsFrom(source, maker.file)) continue;
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node) && calledName(node) === maker.name) {
        const values = new Map(maker.parameters.map((name, i) => [name, argument(node.arguments[i])]));
        for (const text of textsOf(maker.template, values))
          found.push({ kind: maker.kind, text, file: relative(folder, source.fileName) });
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return found;
}

function argument(node: ts.Expression | undefined): readonly string[] {
  return node ? textsOf(node, new Map()) : [OPEN];
}

function calledName({ expression }: ts.CallExpression): string {
  return ts.isPropertyAccessExpression(expression) ? expression.name.getText() : expression.getText();
}

function importsFrom(source: ts.SourceFile, file: string): boolean {
  return source.statements.some(
    (each) =>
      ts.isImportDeclaration(each) &&
      ts.isStringLiteral(each.moduleSpecifier) &&
      resolve(dirname(source.fileName), each.moduleSpecifier.text.replace(/\.js$/, '.ts')) === file,
  );
}

/** What an expression may say. */
function textsOf(node: ts.Expression, values: Values): string[] {
  const texts = variantsOf(node, values);
  return texts.length > MOST_VARIANTS ? [OPEN] : texts.map((text) => text.replace(/(…\s?)+…/g, OPEN));
}

function variantsOf(node: ts.Expression, values: Values): string[] {
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isParenthesizedExpression(node)) return variantsOf(node.expression, values);
  if (ts.isTemplateExpression(node)) {
    return node.templateSpans.reduce(
      (texts, span) => joined(joined(texts, textsOf(span.expression, values)), [span.literal.text]),
      [node.head.text],
    );
  }
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken)
    return joined(variantsOf(node.left, values), variantsOf(node.right, values));
  if (ts.isConditionalExpression(node))
    return [...new Set([...variantsOf(node.whenTrue, values), ...variantsOf(node.whenFalse, values)])];
  if (ts.isIdentifier(node)) return [...(values.get(node.text) ?? constant(node) ?? [OPEN])];
  return [OPEN];
}

function joined(left: readonly string[], right: readonly string[]): string[] {
  return left.flatMap((begin) => right.map((end) => begin + end));
}

/** The text of a constant of the same file. */
function constant(node: ts.Identifier): string[] | undefined {
  const all = node.getSourceFile().statements.filter(ts.isVariableStatement);
  const found = all
    .flatMap(({ declarationList }) => [...declarationList.declarations])
    .find(({ name }) => name.getText() === node.text)?.initializer;
  return found && (ts.isStringLiteralLike(found) || ts.isNumericLiteral(found)) ? [found.text] : undefined;
}
