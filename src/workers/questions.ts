// The questions that a program's pool can answer, and the form of its threads' replies. Types only.

/**
 * A program's questions: an interface with one member per question, which gives the types of its argument and answer.
 */
export type QuestionsOf<Q> = { readonly [Name in keyof Q]: { argument: object; answer: unknown } };

/** A request to a thread: the name of a question together with its argument. */
export type WorkerRequest<Q extends QuestionsOf<Q>> = {
  [Name in keyof Q]: { readonly name: Name } & Q[Name]['argument'];
}[keyof Q];

/**
 * A thread's reply. Errors travel inside it: a rejected promise would lose the class and the code of its error between
 * threads.
 */
export type WorkerReply<Answer> =
  | { readonly type: 'answer'; readonly answer: Answer }
  /**
   * The database refused the read because of the file, the disk or another process. The sentence is for the operator.
   */
  | { readonly type: 'refused'; readonly sentence: string }
  /** The thread has a defect. */
  | { readonly type: 'mistake'; readonly error: unknown };
