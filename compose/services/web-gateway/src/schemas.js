/** The bounds are those of orders.proto: refused here, a bad order costs order-api nothing. */
export const createOrderSchema = {
  headers: {
    type: 'object',
    properties: {
      'idempotency-key': { type: 'string', minLength: 1, maxLength: 128, pattern: '^[!-~]+$' },
    },
  },
  body: {
    type: 'object',
    additionalProperties: false,
    required: ['items'],
    properties: {
      items: {
        type: 'array',
        minItems: 1,
        maxItems: 20,
        items: {
          type: 'object',
          additionalProperties: false,
          required: ['sku', 'quantity'],
          properties: {
            sku: { type: 'string', minLength: 1, maxLength: 64 },
            quantity: { type: 'integer', minimum: 1, maximum: 100 },
          },
        },
      },
      customer: { type: 'string', maxLength: 100 },
    },
  },
};

export const getOrderSchema = {
  params: {
    type: 'object',
    properties: { id: { type: 'string', format: 'uuid' } },
  },
};
