// What a program's pool of workers may be asked, and how its threads answer. Types only.

/** By name, what is given with a question and what comes back; an interface of a program. */
export type QuestionsOf<Q> = { readonly [Name in keyof Q]: { argument: object; answer: unknown } };

/** What a thread receives: the name of a question and what is given with it. */
export type WorkerRequest<Q extends QuestionsOf<Q>> = {
  [Name in keyof Q]: { readonly name: Name } & Q[Name]['argument'];
}[keyof Q];

/** What a thread sends back. An error itself would lose its class and its code on the way between the threads. */
export type WorkerReply<Answer> =
  | { readonly type: 'answer'; readonly answer: Answer }
  /** The database refuses: the file, the disk or another process. The sentence is for the operator. */
  | { readonly type: 'refused'; readonly sentence: string }
  /** A mistake of ours in the query. */
  | { readonly type: 'mistake'; readonly error: unknown };
