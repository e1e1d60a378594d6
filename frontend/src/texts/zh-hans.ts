/** All that the cards say, in Simplified Chinese. */

import type { Texts } from "./en";

export const zhHans: Texts = {
  language: "zh-Hans",

  words: { free: "空闲", busy: "忙碌", disabled: "停用", unknown: "无数据" },
  endingSoon: "即将结束",
  startingSoon: "即将有预订",
  until: (time) => `至 ${time}`,
  restOfDay: "今天不再有预订",
  noEnd: "结束时间待定",
  noBookings: "近期没有预订",
  timeLeft: { free: (time) => `可用 ${time}`, busy: (time) => `还剩 ${time}` },
  duration: (hours, minutes) => {
    if (!hours) return minutes ? `${minutes} 分钟` : "不到 1 分钟";
    return minutes ? `${hours} 小时 ${minutes} 分钟` : `${hours} 小时`;
  },
  next: "下次预订",
  nextNone: "无",
  nextFree: "下次空闲",
  seats: (count) => `${count} 座`,
  pending: (count) => `${count} 个预订待审批`,
  doubts: {
    unavailable: "暂时无法获知忙闲。",
    missing: (entity) => `Home Assistant 中没有 ${entity}。`,
    offline: (time) => `自 ${time} 起与 Home Assistant 断开连接。`,
  },
  lost: (time) => `自 ${time} 起连接中断`,
  bookings: (spans) => `今天的预订：${spans}`,
  bookingsNone: "今天没有预订",
  sentence: (...parts) => parts.join("，"),
  is: (name, state) => `${name}：${state}`,
  details: (name) => `查看${name}`,

  board: {
    title: "会议室",
    summary: (free, all) => `空闲 ${free} 间，共 ${all} 间`,
    changed: (count) => `${count} 间会议室的状态有变化`,
    floor: "楼层",
    allFloors: "所有楼层",
    seats: "座位",
    anySeats: "座位不限",
    minSeats: (count) => `${count} 座及以上`,
    freeFor: (minutes) => `空闲 ${minutes} 分钟以上`,
    none: "还没有会议室。",
    noMatch: "没有符合条件的会议室。",
    elsewhere: "其他",
  },

  cards: {
    room: "会议室",
    roomAbout: "一间飞书会议室：空闲还是忙碌、到几点、之后的预订。从小卡片到门口屏都适用",
    board: "会议室看板",
    boardAbout: "按楼层显示所有飞书会议室和当天的预订",
    strategyAbout: "所有飞书会议室的看板，每栋楼一个页面，每间会议室一个门口屏",
  },

  labels: {
    entity: "会议室",
    entities: "会议室",
    name: "名称",
    title: "标题",
    place: "楼层",
    min_seats: "最少座位数",
    free_for: "至少空闲",
    free_first: "空闲的排在前面",
    soon: "提前多久算“即将”",
    day_start: "一天从几点开始",
    day_end: "一天到几点结束",
    hide_clock: "隐藏时钟",
    hide_filters: "隐藏筛选",
    hide_floors: "不按楼层分组",
    monochrome: "黑白显示（电子纸）",
    tap_action: "点按时",
  },
  helpers: {
    name: "留空则使用会议室自己的名称。",
    entities: "留空则显示所有会议室。",
    place: "与看板上的写法一致，例如“A 座 / 1F”。留空则显示所有楼层。",
    soon: "留空则为 10 分钟。",
    day_start: "留空则为 8 点。",
    day_end: "留空则为 19 点。",
    monochrome: "不用颜色，也没有每分钟变化的内容。",
    tap_action: "门口屏最好不设点按操作。",
  },
  units: { minutes: "分钟" },
  faults: {
    noEntity: "请选择会议室：缺少“entity”。",
    wrongEntity: (value) => `“${value}”不是会议室：需要会议室的二元传感器。`,
    wrongOption: (name, wanted) => `“${name}”应为${wanted}。`,
    wanted: {
      text: "文本",
      boolean: "true 或 false",
      minutes: "分钟数",
      seats: "座位数",
      hour: "0 到 24 之间的整点",
      entities: "二元传感器列表",
      action: "操作",
    },
    dayOrder: "一天的结束必须晚于开始。",
  },
};
