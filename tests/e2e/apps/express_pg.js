'use strict'
// Express and pg with a pool of five: requests wait for each other's connections.
const express = require('express')
const { Pool } = require('pg')
const { drive } = require('./drive')

const pool = new Pool({ max: 5 })
const app = express()
const authors = express.Router()

authors.get('/posts', async (request, response) => {
  const { rows } = await pool.query('select id, name from authors order by id')
  const posts = []
  for (const author of rows) {
    posts.push(await pool.query('select id from posts where author_id = $1', [author.id])) // N+1
  }
  response.json(posts.map(result => result.rows))
})

authors.get('/posts/eager', async (request, response) => {
  const client = await pool.connect()
  const { rows } = await client.query('select id, name from authors order by id')
  const ids = rows.map(author => author.id)
  const posts = await client.query('select id, author_id from posts where author_id = any($1)', [ids])
  client.release()
  response.json(posts.rows)
})

app.use('/authors', authors)
const server = app.listen(0, '127.0.0.1', async () => {
  await drive(server.address().port)
  server.close()
  await pool.end()
})
