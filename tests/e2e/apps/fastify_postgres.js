'use strict'
// Fastify and postgres.js, which sends queries of several requests on one connection without waiting for answers.
const fastify = require('fastify')
const postgres = require('postgres')
const { drive } = require('./drive')

const sql = postgres({ max: 5, host: process.env.PGHOST, port: process.env.PGPORT })
const app = fastify()

app.get('/authors/posts', async () => {
  const authors = await sql`select id, name from authors order by id`
  const posts = []
  for (const author of authors) {
    posts.push(await sql`select id from posts where author_id = ${author.id}`) // N+1
  }
  return posts
})

app.get('/authors/posts/eager', async () => {
  const authors = await sql`select id, name from authors order by id`
  return sql`select id, author_id from posts where author_id = any(${authors.map(author => author.id)})`
})

app.listen({ port: 0, host: '127.0.0.1' }).then(async () => {
  await drive(app.server.address().port)
  await app.close()
  await sql.end()
})
