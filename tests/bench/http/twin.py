"""Four endpoints of quell-reference as a FastAPI team writes them: FastAPI, Pydantic, SQLAlchemy's asyncio ORM on asyncpg.
The same schema, the same pool, the same JSON. compare.py runs it under uvicorn.

DSN in TWIN_DSN, as SQLAlchemy writes it: postgresql+asyncpg://user@/blog?host=/run/postgresql"""
import os
from datetime import datetime
from decimal import Decimal
from typing import Any, List, Optional

from fastapi import Depends, FastAPI, HTTPException, Path, Query
from pydantic import BaseModel
from sqlalchemy import ARRAY, BigInteger, Column, DateTime, ForeignKey, Numeric, Table, Text, func, literal_column, select
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import declarative_base, deferred, relationship, selectinload, sessionmaker

Base = declarative_base()
post_tags = Table("post_tags", Base.metadata, Column("post_id", ForeignKey("posts.id")), Column("tag_id", ForeignKey("tags.id")))


class User(Base):
    __tablename__ = "users"
    id = Column(BigInteger, primary_key=True)
    name = Column(Text)


class Tag(Base):
    __tablename__ = "tags"
    id = Column(BigInteger, primary_key=True)
    name = Column(Text)


class Comment(Base):
    __tablename__ = "comments"
    id = Column(BigInteger, primary_key=True)
    post_id = Column(ForeignKey("posts.id"))
    author_id = Column(ForeignKey("users.id"))
    body = Column(Text)
    created_at = Column(DateTime(timezone=True))
    author = relationship(User)


class Post(Base):
    __tablename__ = "posts"
    id = Column(BigInteger, primary_key=True)
    author_id = Column(ForeignKey("users.id"))
    title = Column(Text)
    body = Column(Text)
    created_at = Column(DateTime(timezone=True))
    author = relationship(User)
    tags = relationship(Tag, secondary=post_tags, order_by=Tag.id)
    comments = relationship(Comment, order_by=Comment.id)


class Product(Base):
    __tablename__ = "products"
    id = Column(BigInteger, primary_key=True)
    sku = Column(Text)
    name = Column(Text)
    description = Column(Text)
    price = Column(Numeric(12, 2))
    stock = Column(BigInteger)
    tags = Column(ARRAY(Text))
    data = Column("metadata", JSONB)
    created_at = Column(DateTime(timezone=True))
    search = deferred(Column(TSVECTOR))


class OrderItem(Base):
    __tablename__ = "order_items"
    id = Column(BigInteger, primary_key=True)
    order_id = Column(ForeignKey("orders.id"))
    product_id = Column(ForeignKey("products.id"))
    quantity = Column(BigInteger)
    unit_price = Column(Numeric(12, 2))
    product = relationship(Product)


class Order(Base):
    __tablename__ = "orders"
    id = Column(BigInteger, primary_key=True)
    customer_id = Column(ForeignKey("users.id"))
    status = Column(Text)
    total = Column(Numeric(14, 2))
    placed_at = Column(DateTime(timezone=True))
    customer = relationship(User)
    items = relationship(OrderItem, order_by=OrderItem.id)


class Model(BaseModel):
    class Config:
        orm_mode = True
        json_encoders = {datetime: lambda t: t.isoformat().replace("+00:00", "Z"), Decimal: str}


class Ref(Model):
    id: int
    name: str


class CommentView(Model):
    id: int
    body: str
    created_at: datetime
    author: Ref


class PostView(Model):
    id: int
    title: str
    body: str
    created_at: datetime
    author: Ref
    tags: List[str]
    comments: List[CommentView]


class PostSummary(Model):
    id: int
    title: str
    created_at: datetime
    author: Ref
    tags: List[str]
    comment_count: int


class PostPage(Model):
    items: List[PostSummary]
    limit: int
    offset: int
    next_offset: Optional[int]


class ProductView(Model):
    id: int
    sku: str
    name: str
    description: str
    price: Decimal
    stock: int
    tags: List[str]
    metadata: Any
    created_at: datetime


class ProductHits(Model):
    items: List[ProductView]
    limit: int
    offset: int
    next_offset: Optional[int]


class ProductRef(Model):
    id: int
    sku: str
    name: str


class OrderItemView(Model):
    product: ProductRef
    quantity: int
    unit_price: Decimal


class OrderView(Model):
    id: int
    status: str
    total: Decimal
    placed_at: datetime
    customer: Ref
    items: List[OrderItemView]


class OrderPage(Model):
    items: List[OrderView]
    limit: int
    next_before: Optional[int]


engine = create_async_engine(os.environ["TWIN_DSN"], pool_size=5, max_overflow=5)
new_session = sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)
app = FastAPI()


async def session():
    async with new_session() as opened:
        yield opened


@app.get("/posts/{id}", response_model=PostView)
async def get_post(id: int = Path(ge=1), db: AsyncSession = Depends(session)):
    query = select(Post).where(Post.id == id).options(
        selectinload(Post.author), selectinload(Post.tags), selectinload(Post.comments).selectinload(Comment.author))
    post = (await db.execute(query)).scalar_one_or_none()
    if post is None:
        raise HTTPException(404)
    return PostView(id=post.id, title=post.title, body=post.body, created_at=post.created_at, author=post.author,
                    tags=[tag.name for tag in post.tags], comments=post.comments)


@app.get("/posts", response_model=PostPage)
async def list_posts(limit: int = Query(20, ge=1, le=100), offset: int = Query(0, ge=0), db: AsyncSession = Depends(session)):
    query = select(Post).order_by(Post.created_at.desc(), Post.id.desc()).limit(limit).offset(offset).options(
        selectinload(Post.author), selectinload(Post.tags))
    posts = (await db.execute(query)).scalars().all()
    counted = await db.execute(select(Comment.post_id, func.count()).where(Comment.post_id.in_([p.id for p in posts]))
                               .group_by(Comment.post_id))
    counts = dict(counted.all())
    items = [PostSummary(id=post.id, title=post.title, created_at=post.created_at, author=post.author,
                         tags=[tag.name for tag in post.tags], comment_count=counts.get(post.id, 0)) for post in posts]
    return PostPage(items=items, limit=limit, offset=offset, next_offset=offset + limit if len(items) == limit else None)


@app.get("/products/search", response_model=ProductHits)
async def search_products(q: str = Query(min_length=1, max_length=200), limit: int = Query(20, ge=1, le=100),
                          offset: int = Query(0, ge=0), db: AsyncSession = Depends(session)):
    words = func.websearch_to_tsquery(literal_column("'english'::regconfig"), q)
    query = select(Product).where(Product.search.op("@@")(words)).order_by(
        func.ts_rank(Product.search, words).desc(), Product.id).limit(limit).offset(offset)
    products = (await db.execute(query)).scalars().all()
    items = [ProductView(id=p.id, sku=p.sku, name=p.name, description=p.description, price=p.price, stock=p.stock,
                         tags=p.tags, metadata=p.data, created_at=p.created_at) for p in products]
    return ProductHits(items=items, limit=limit, offset=offset, next_offset=offset + limit if len(items) == limit else None)


@app.get("/orders", response_model=OrderPage)
async def list_orders(limit: int = Query(20, ge=1, le=100), before: Optional[int] = Query(None, ge=1),
                      db: AsyncSession = Depends(session)):
    query = select(Order).order_by(Order.id.desc()).limit(limit).options(
        selectinload(Order.customer), selectinload(Order.items).selectinload(OrderItem.product))
    if before is not None:
        query = query.where(Order.id < before)
    orders = (await db.execute(query)).scalars().all()
    return OrderPage(items=[OrderView.from_orm(order) for order in orders], limit=limit,
                     next_before=orders[-1].id if len(orders) == limit else None)
