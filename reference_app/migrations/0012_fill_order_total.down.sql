update orders set total = null;
