package org.opendvx.server.torture;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * What became of every operation of every round: from this and the seed both the victim and its
 * judge know what there is. A text file; a line for each client and round, a letter for each
 * operation. Confined to one thread.
 */
final class History {
  static final char DONE = 'd';
  static final char REFUSED = 'r';

  private final List<List<String>> rounds = new ArrayList<>();

  /** Reads a history; an empty one when there is no file. */
  static History read(Path file, int clients) throws IOException {
    History history = new History();
    if (Files.exists(file)) {
      List<String> lines = Files.readAllLines(file);
      for (int at = 0; at + clients <= lines.size(); at += clients) {
        history.rounds.add(List.copyOf(lines.subList(at, at + clients)));
      }
    }
    return history;
  }

  /** Rounds so far. */
  int rounds() {
    return rounds.size();
  }

  /** A round is over: the outcomes of each client's operations. */
  void add(List<String> outcomes) {
    rounds.add(List.copyOf(outcomes));
  }

  void write(Path file) throws IOException {
    Files.write(file, rounds.stream().flatMap(List::stream).toList());
  }

  /** What a client has after all of this. */
  ClientModel replay(int client, long seed) {
    ClientModel model = new ClientModel(client);
    for (int round = 0; round < rounds.size(); round++) {
      Random random = random(seed, round, client);
      String outcomes = rounds.get(round).get(client);
      for (int i = 0; i < outcomes.length(); i++) {
        Operation operation = model.next(random);
        if (outcomes.charAt(i) == DONE) {
          model.apply(operation);
        }
      }
    }
    return model;
  }

  /** The random numbers of a client in a round. */
  static Random random(long seed, int round, int client) {
    return new Random((seed * 1_000_003 + round) * 31 + client);
  }
}
