import { connect } from 'nats';
for (const s of process.argv.slice(2)) {
  try { const c = await connect({servers:[s], tls:{caFile:'/tmp/exp/ca.pem'}, maxReconnectAttempts:0}); console.log(s,'OK'); await c.close(); }
  catch(e){ console.log(s, e.name, e.message, e.cause?.message); }
}
