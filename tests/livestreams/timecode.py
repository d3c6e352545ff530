"""A camera that can be checked: a canvas that draws the time, and a viewer that reads it from the picture."""

# 24 bits of tenths of a second as black and white blocks, six to a row; a white and a black block first.
BITS, COLUMNS = 26, 6
CAMERA = """
(() => {
  const bits = 26, columns = 6, size = 60;
  const canvas = document.createElement("canvas");
  canvas.width = 360; canvas.height = 640;
  const pen = canvas.getContext("2d");
  function draw() {
    const tenths = Math.floor(Date.now() / 100) % (1 << 24);
    pen.fillStyle = "#305030"; pen.fillRect(0, 0, 360, 640);
    for (let i = 0; i < bits; i += 1) {
      const on = i === 0 ? 1 : i === 1 ? 0 : (tenths >> (i - 2)) & 1;
      pen.fillStyle = on ? "#ffffff" : "#000000";
      pen.fillRect((i % columns) * size, Math.floor(i / columns) * size, size, size);
    }
    pen.fillStyle = "#ffcc66"; pen.font = "40px sans-serif";
    pen.fillText(String(tenths), 60, 420);
  }
  draw();
  setInterval(draw, 40);
  const microphone = () => {
    const sound = new AudioContext();
    const tone = sound.createOscillator(); tone.frequency.value = 330;
    const target = sound.createMediaStreamDestination();
    tone.connect(target); tone.start();
    return target.stream.getAudioTracks()[0];
  };
  navigator.mediaDevices.getUserMedia = async () => {
    const stream = canvas.captureStream(25);
    stream.addTrack(microphone());
    return stream;
  };
})();
"""

# Returns {width, at, tenths, late} of the picture in [data-video]; tenths is null while it cannot be read.
READ = """
() => {
  const video = document.querySelector("[data-video]");
  const answer = {width: video.videoWidth, at: video.currentTime, tenths: null, late: null};
  if (!video.videoWidth) return answer;
  const canvas = document.createElement("canvas");
  canvas.width = 360; canvas.height = 640;
  const pen = canvas.getContext("2d", {willReadFrequently: true});
  pen.drawImage(video, 0, 0, 360, 640);
  const light = (i) => pen.getImageData((i % 6) * 60 + 30, Math.floor(i / 6) * 60 + 30, 1, 1).data[0] > 127;
  if (!light(0) || light(1)) return answer;
  let tenths = 0;
  for (let i = 2; i < 26; i += 1) if (light(i)) tenths += 1 << (i - 2);
  answer.tenths = tenths;
  answer.late = ((Math.floor(Date.now() / 100) % (1 << 24)) - tenths) / 10;
  return answer;
}
"""
