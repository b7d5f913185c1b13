// Reference: the best that fastify can do. One route that answers with an object of the same size. Argument: bytes.

import fastify from 'fastify';

const server = fastify();
const text = 'x'.repeat(Number(process.argv[2]));
server.get('/', () => ({ text }));
console.log(await server.listen({ port: 0, host: '127.0.0.1' }));
