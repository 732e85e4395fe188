import math
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

PAD_IDX, BOS_IDX, EOS_IDX, VOCAB = 1, 2, 3, 14


class PositionalEncoding(nn.Module):
    def __init__(self, emb_size, maxlen=50):
        super().__init__()
        den = torch.exp(-torch.arange(0, emb_size, 2) * math.log(10000) / emb_size)
        pos = torch.arange(0, maxlen).reshape(maxlen, 1)
        pe = torch.zeros((maxlen, emb_size))
        pe[:, 0::2] = torch.sin(pos * den)
        pe[:, 1::2] = torch.cos(pos * den)
        self.register_buffer('pos_embedding', pe.unsqueeze(-2))

    def forward(self, x):
        return x + self.pos_embedding[:x.size(0), :]


class TokenEmbedding(nn.Module):
    def __init__(self, vocab, emb_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab, emb_size)
        self.emb_size = emb_size

    def forward(self, tokens):
        return self.embedding(tokens.long()) * math.sqrt(self.emb_size)


class Seq2SeqTransformer(nn.Module):
    def __init__(self, encoders, decoders, emb, nhead, src_vocab, tgt_vocab, ff=64, dropout=0.0):
        super().__init__()
        self.transformer = nn.Transformer(d_model=emb, nhead=nhead, num_encoder_layers=encoders, num_decoder_layers=decoders,
                                          dim_feedforward=ff, dropout=dropout)
        self.generator = nn.Linear(emb, tgt_vocab)
        self.src_tok_emb = TokenEmbedding(src_vocab, emb)
        self.tgt_tok_emb = TokenEmbedding(tgt_vocab, emb)
        self.positional_encoding = PositionalEncoding(emb)

    def forward(self, src, trg, src_mask, tgt_mask, src_padding, tgt_padding, memory_padding):
        src = self.positional_encoding(self.src_tok_emb(src))
        trg = self.positional_encoding(self.tgt_tok_emb(trg))
        return self.generator(self.transformer(src, trg, src_mask, tgt_mask, None, src_padding, tgt_padding, memory_padding))

    def encode(self, src, mask):
        return self.transformer.encoder(self.positional_encoding(self.src_tok_emb(src)), mask)

    def decode(self, tgt, memory, mask):
        return self.transformer.decoder(self.positional_encoding(self.tgt_tok_emb(tgt)), memory, mask)


def subsequent_mask(sz):
    mask = (torch.triu(torch.ones((sz, sz))) == 1).transpose(0, 1)
    return mask.float().masked_fill(mask == 0, float('-inf')).masked_fill(mask == 1, float(0.0))


torch.manual_seed(0)
pairs = []
one = lambda i: torch.tensor([i])
for length in torch.randint(2, 6, (64,)).tolist():
    words = torch.randint(4, VOCAB - 1, (length,))
    pairs.append((torch.cat((one(BOS_IDX), words, one(EOS_IDX))), torch.cat((one(BOS_IDX), words + 1, one(EOS_IDX)))))
collate = lambda batch: [pad_sequence(list(side), padding_value=PAD_IDX) for side in zip(*batch)]
dataloader = DataLoader(pairs, batch_size=16, collate_fn=collate)
model = Seq2SeqTransformer(1, 1, 32, 4, VOCAB, VOCAB)
for p in model.parameters():
    if p.dim() > 1:
        nn.init.xavier_uniform_(p)
loss_fn = nn.CrossEntropyLoss(ignore_index=PAD_IDX)
optimizer = torch.optim.Adam(model.parameters(), lr=0.003, betas=(0.9, 0.98), eps=1e-9)
for epoch in range(1, 5):
    model.train()
    losses = 0
    for src, tgt in dataloader:
        tgt_input = tgt[:-1, :]
        src_mask = torch.zeros((src.shape[0], src.shape[0])).type(torch.bool)
        src_padding, tgt_padding = (src == PAD_IDX).transpose(0, 1), (tgt_input == PAD_IDX).transpose(0, 1)
        logits = model(src, tgt_input, src_mask, subsequent_mask(tgt_input.shape[0]), src_padding, tgt_padding, src_padding)
        optimizer.zero_grad()
        loss = loss_fn(logits.reshape(-1, logits.shape[-1]), tgt[1:, :].reshape(-1))
        loss.backward()
        optimizer.step()
        losses += loss.item()
    print(f'Epoch: {epoch}, Train loss: {losses / len(dataloader):.3f}')
model.eval()
src = pairs[0][0].view(-1, 1)
with torch.no_grad():
    memory = model.encode(src, torch.zeros(src.shape[0], src.shape[0]).type(torch.bool))
    ys = torch.ones(1, 1).fill_(BOS_IDX).type(torch.long)
    for i in range(3):
        out = model.decode(ys, memory, subsequent_mask(ys.size(0)).isinf()).transpose(0, 1)
        next_word = model.generator(out[:, -1]).max(1)[1]
        ys = torch.cat([ys, torch.ones(1, 1).type_as(src).fill_(next_word[0])], dim=0)
        if next_word.item() == EOS_IDX:
            break
print(ys.view(-1).tolist())
